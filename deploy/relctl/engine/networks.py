"""Container networks: create, find, and reject those whose addresses the kernel routes elsewhere."""

import contextlib
import ipaddress
import os
import secrets
import socket
import struct
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from itertools import islice
from typing import Any

import docker
from docker.errors import APIError, NotFound

from relctl.engine.protocol import Network
from relctl.errors import EngineError
from relctl.state.fault_points import effect

_SUGGESTED = 240  # the /24 of 172.31.0.0/16 to try first: next to relctl's defaults
_FOR_A_TRIAL = 28  # prefix length: room for candidate, twin and reference
_WIDEST = (8, 17)  # shortest prefixes that count: a wider route leads everywhere, or to a whole pool
_ATTEMPTS = 5  # to create a network: another process may take the subnet first
# Private networks (RFC 1918), those least used by offices, homes and clouds first.
_POOLS = tuple(map(IPv4Network, ("172.31.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "10.0.0.0/8")))
_LOOKED_AT = 4096  # candidates per pool
# <linux/netlink.h>, <linux/rtnetlink.h>
_GET_ROUTE, _REQUEST_DUMP = 26, 0x301
_DONE, _ERROR, _NEW_ROUTE = 3, 2, 24
_DST, _OIF = 1, 4
_HEADER, _ROUTE, _ATTRIBUTE = struct.Struct("=IHHII"), struct.Struct("=BBBBBBBBI"), struct.Struct("=HH")


@dataclass(frozen=True)
class Route:
    """A network that is reached through `interface`; "" if packets are dropped or leave by several."""

    network: IPv4Network
    interface: str


def ensure(api: Any, network: Network, here: bool) -> None:
    """Create a network if it is missing; raises EngineError if it or its addresses are unavailable.

    `here`: the engine runs on this machine, so the kernel's routes show which addresses are in use.
    """
    if insist(api, network, here):
        return
    for attempt in range(1, _ATTEMPTS + 1):
        subnet = network.subnet or _any(api, here)
        try:
            with effect("network.make"):
                _make(api, network.name, subnet)
        except APIError as error:
            if "overlap" not in str(error):
                raise
            if network.subnet or attempt == _ATTEMPTS:
                raise _taken(api, here, subnet, "is taken by another network of this machine") from None
        else:
            return


def insist(api: Any, network: Network, here: bool) -> bool:
    """Return whether a network exists; raises EngineError if it is unusable or unreachable."""
    try:
        found = api.inspect_network(network.name)
    except NotFound:
        if network.subnet:
            _insist_on_a_free_one(api, here, network.subnet)
        return False
    subnets = [config.get("Subnet") for config in found["IPAM"]["Config"]]
    if network.subnet and network.subnet not in subnets:
        raise EngineError(
            f"network {network.name} has subnet {', '.join(subnets)}, not {network.subnet}",
            f"docker network rm {network.name}, or set network.subnet in the environment",
        )
    if network.subnet and here:
        _insist_on_the_way(api, found, network.subnet)
    return True


def _insist_on_a_free_one(api: Any, here: bool, subnet: str) -> None:
    wanted = IPv4Network(subnet)
    for name, other in _networks(api).items():
        if other.overlaps(wanted):
            raise _taken(api, here, subnet, f"is taken by another network of this machine ({name})")
    other_way = in_the_way(routes(), wanted) if here else None
    if other_way:
        raise _led_elsewhere(api, subnet, other_way)


def _insist_on_the_way(api: Any, found: Mapping[str, Any], subnet: str) -> None:
    """Require that packets to a slot leave by its bridge: a VPN may have come up since it was created."""
    known, own = routes(), _interface(found)
    addresses = [str(route.network.network_address) for route in known if route.interface == own]
    # Empty if relctl runs in a container, on another network than the engine.
    if not addresses or source_of(str(IPv4Network(subnet)[2])) in addresses:
        return
    others = [route for route in known if route.interface != own]
    wider = (route for route in others if route.network.overlaps(IPv4Network(subnet)))
    other_way = in_the_way(others, IPv4Network(subnet)) or next(wider, None)
    if other_way:
        error = _led_elsewhere(api, subnet, other_way)
        raise EngineError(error.message, f"end that connection; or relctl down, then {error.hint}")


def _interface(found: Mapping[str, Any]) -> str:
    named: str = (found.get("Options") or {}).get("com.docker.network.bridge.name", "")
    return named or f"br-{found['Id'][:12]}"


def _led_elsewhere(api: Any, subnet: str, way: Route) -> EngineError:
    how = f"leads to interface {way.interface}" if way.interface else "is routed another way"
    return _taken(api, True, subnet, f"{how} ({way.network}), not to its containers: a VPN?")


def _taken(api: Any, here: bool, subnet: str, why: str) -> EngineError:
    free = _free(api, here, max(IPv4Network(subnet).prefixlen, 24), _SUGGESTED)
    name = f"{free}, for example" if free else "a free one"
    variable = f"RELCTL_NETWORK_SUBNET={free} relctl …, or " if free else ""
    return EngineError(
        f"subnet {subnet} {why}", f"{variable}set network.subnet in the environment file to {name}"
    )


def _any(api: Any, here: bool) -> str:
    found = _free(api, here, _FOR_A_TRIAL, secrets.randbelow(1 << 12))
    if not found:
        raise EngineError("no private subnet is free for a verification's network", "docker network ls")
    return found


def _free(api: Any, here: bool, prefix: int, begin: int) -> str:
    """Return an unused subnet, else a part of a VPN's range: the bridge's narrower route wins."""
    made = list(_networks(api).values())
    known = [route.network for route in (routes() if here else ())]
    for widest in _WIDEST:
        taken = [*made, *(each for each in known if each.prefixlen >= widest)]
        if found := free_subnet(taken, prefix, begin):
            return found
    return ""


def _networks(api: Any) -> dict[str, IPv4Network]:
    found: dict[str, IPv4Network] = {}
    for each in api.networks():
        for config in (each.get("IPAM") or {}).get("Config") or []:
            with contextlib.suppress(ValueError):  # IPv6
                found[each["Name"]] = IPv4Network(config.get("Subnet", ""))
    return found


def _make(api: Any, name: str, subnet: str) -> None:
    """Let the engine assign addresses from the upper half, so that none is a slot's."""
    *_, upper = ipaddress.ip_network(subnet).subnets()
    pool = docker.types.IPAMPool(subnet=subnet, iprange=str(upper))
    api.create_network(name, driver="bridge", ipam=docker.types.IPAMConfig(pool_configs=[pool]))


def free_subnet(taken: Collection[IPv4Network], prefix: int, begin: int = 0) -> str:
    """Return a subnet of this prefix length that overlaps none of `taken`, "" if none was found.

    `begin` is the index to try first, so that concurrent searches find different subnets.
    """
    found = (each for pool in _POOLS for each in islice(_from(pool, prefix, begin), _LOOKED_AT))
    return next((str(each) for each in found if not any(each.overlaps(other) for other in taken)), "")


def _from(pool: IPv4Network, prefix: int, begin: int) -> Iterator[IPv4Network]:
    number, size = 1 << max(prefix - pool.prefixlen, 0), 1 << (32 - prefix)
    for offset in range(number):
        place = (begin + offset) % number
        yield IPv4Network((int(pool.network_address) + place * size, prefix), strict=False)


def routes() -> list[Route]:
    """Return this machine's routes without default routes; none if the kernel does not report them.

    All tables count, since a VPN may have its own. So does an interface's own address.
    """
    try:
        return [route for route in _dump() if route.network.prefixlen]
    except OSError:  # a sandbox may forbid it; the engine still rejects overlaps with its own networks
        return []


def in_the_way(others: Sequence[Route], subnet: IPv4Network) -> Route | None:
    """Return a route that takes packets for `subnet` away from a bridge, None if there is none.

    A wider network, such as a VPN's, is no conflict: the bridge's narrower route wins.
    """
    narrower = (route for route in others if route.network.prefixlen >= subnet.prefixlen)
    return next((route for route in narrower if route.network.overlaps(subnet)), None)


def source_of(address: str) -> str:
    """Return the source address of packets to `address`, "" if it is unroutable."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect((address, 9))  # nothing is sent
        except OSError:
            return ""
        return str(sock.getsockname()[0])


def _dump() -> Iterator[Route]:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as sock:
        sock.settimeout(2.0)
        body = _ROUTE.pack(socket.AF_INET, 0, 0, 0, 0, 0, 0, 0, 0)
        sock.send(_HEADER.pack(_HEADER.size + len(body), _GET_ROUTE, _REQUEST_DUMP, 1, 0) + body)
        while True:
            for kind, message in _messages(sock.recv(1 << 18)):
                if kind == _DONE:
                    return
                if kind == _ERROR:
                    raise OSError(-struct.unpack_from("=i", message)[0], "the kernel reports no routes")
                if kind == _NEW_ROUTE:
                    yield _route(message)


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= _HEADER.size:
        length, kind, *_ = _HEADER.unpack_from(data)
        yield kind, data[_HEADER.size : length]
        data = data[_aligned(length) :]


def _route(message: bytes) -> Route:
    prefix, found = message[1], _attributes(message[_ROUTE.size :])
    address = ipaddress.IPv4Address(found.get(_DST, bytes(4)))
    number = struct.unpack("=I", found[_OIF])[0] if _OIF in found else 0
    return Route(IPv4Network((address, prefix), strict=False), _name(number))


def _attributes(data: bytes) -> dict[int, bytes]:
    found = {}
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        found[kind] = data[_ATTRIBUTE.size : length]
        data = data[_aligned(max(length, _ATTRIBUTE.size)) :]
    return found


def _aligned(length: int) -> int:
    return (length + 3) & ~3


def _name(number: int) -> str:
    try:
        return socket.if_indextoname(number) if number else ""
    except OSError as error:
        return os.strerror(error.errno or 0)  # the interface is gone
