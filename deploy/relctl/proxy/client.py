"""Identify a client: an IPv4 address, or the IPv6 network that a provider gives to one customer."""

import ipaddress
from functools import lru_cache

_V6_NETWORK = 64  # bits


@lru_cache(maxsize=10_000)
def client_of(address: str) -> str:
    """Return the client of an address; "" if it is not an address, as where addresses are not logged."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    mapped = found.ipv4_mapped
    return str(mapped or ipaddress.IPv6Address(int(found) >> _V6_NETWORK << _V6_NETWORK))
