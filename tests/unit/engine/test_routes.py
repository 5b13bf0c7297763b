"""Which subnets a machine has already: by the kernel's own routes, and how a free one is found."""

import subprocess
from ipaddress import IPv4Network

import pytest

from own_network import own_network
from relctl.engine.networks import Route, free_subnet, in_the_way, routes, source_of

OURS = IPv4Network("172.31.143.0/24")


def route(network: str, interface: str = "vpn0") -> Route:
    return Route(IPv4Network(network), interface)


@pytest.mark.parametrize(
    ("network", "blocks"),
    [
        ("172.31.143.0/24", True),
        ("172.31.143.128/25", True),
        ("172.31.143.2/32", True),
        ("172.31.142.0/24", False),
        ("172.16.0.0/12", False),  # all of a company's network: the bridge is narrower, and wins
        ("0.0.0.0/1", False),
    ],
)
def test_what_is_as_narrow_as_a_bridge_is_in_its_way(network: str, blocks: bool) -> None:
    assert bool(in_the_way([route(network)], OURS)) == blocks


def test_a_network_whose_packets_are_dropped_is_in_the_way_too() -> None:
    assert in_the_way([route("172.31.143.0/24", "")], OURS) == route("172.31.143.0/24", "")


def test_the_kernel_tells_routes_addresses_and_tables_of_their_own() -> None:
    with own_network():
        commands = (
            "link add name vpn0 type bridge",
            "addr add 172.31.143.99/24 dev vpn0",
            "link set vpn0 up",
            "route add blackhole 172.31.9.0/24",
            "route add 172.31.77.0/24 dev vpn0 table 52",
        )
        for command in commands:
            done = subprocess.run(["ip", *command.split()], check=False, capture_output=True)
            if done.returncode:
                pytest.skip("only root may make an interface")
        found = set(routes())
        assert source_of("172.31.143.2") == "172.31.143.99"
        assert source_of("203.0.113.1") == ""
    wanted = {
        route("172.31.143.0/24"),
        route("172.31.143.99/32"),
        route("172.31.77.0/24"),
        route("127.0.0.0/8", "lo"),
    }
    assert wanted <= found
    assert IPv4Network("172.31.9.0/24") in {each.network for each in found}


@pytest.mark.parametrize(
    ("taken", "prefix", "begin", "free"),
    [
        ([], 24, 240, "172.31.240.0/24"),
        (["172.31.240.0/24"], 24, 240, "172.31.241.0/24"),
        (["172.31.240.0/28", "172.31.241.7/32"], 24, 240, "172.31.242.0/24"),
        (["172.31.0.0/16"], 24, 0, "172.16.0.0/24"),
        (["172.16.0.0/12"], 24, 0, "192.168.0.0/24"),
        (["172.16.0.0/12", "192.168.0.0/16"], 28, 3, "10.0.0.48/28"),
        (["172.16.0.0/12", "192.168.0.0/16", "10.0.0.0/8"], 28, 0, ""),
        (["172.31.255.0/24"], 24, 255, "172.31.0.0/24"),
    ],
)
def test_a_free_subnet_is_one_that_overlaps_nothing(
    taken: list[str], prefix: int, begin: int, free: str
) -> None:
    assert free_subnet(list(map(IPv4Network, taken)), prefix, begin) == free
