"""Finding an unused subnet; pure."""

from collections.abc import Collection, Iterator
from ipaddress import IPv4Network
from itertools import islice

# Private networks (RFC 1918), those least used by offices, homes and clouds first.
_POOLS = tuple(map(IPv4Network, ("172.31.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "10.0.0.0/8")))
_LOOKED_AT = 4096  # candidates per pool


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
