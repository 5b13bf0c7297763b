"""The routes of this machine's kernel, in all tables, and which of them conflict with a bridge."""

import ipaddress
import os
import socket
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

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
