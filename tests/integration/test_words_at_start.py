"""What a release that does not start says: out of memory, what it answered last, who has its addresses."""

import contextlib
import ipaddress
import json
import secrets
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from relctl.engine.slots import TRIAL_ROLES
from scratch import Scratch, containers, echo_project

pytestmark = [pytest.mark.engine, pytest.mark.slow]

NEEDS = {"Host": "shop.example"}


@pytest.fixture(scope="module")
def project() -> Iterator[Scratch]:
    with echo_project() as scratch:
        yield scratch


@pytest.fixture(scope="module")
def good(project: Scratch) -> str:
    return project.proved("1.0.0")


def startup(project: Scratch, tag: str) -> str:
    """Why a release did not start; the gates after it are not run."""
    done = project.run("verify", tag, "--json")
    assert done.returncode == 3, done.stderr
    gates: list[dict[str, Any]] = json.loads(done.stdout)["gates"]
    assert {gate["verdict"] for gate in gates[1:]} == {"not run"}
    return str(gates[0]["reason"])


@contextlib.contextmanager
def vpn(subnet: str) -> Iterator[str]:
    """An interface that has a subnet already, as a VPN's; yields its name. Skips for who may not make one."""
    name = f"vpn{secrets.token_hex(3)}"
    address = next(reversed(list(ipaddress.ip_network(subnet).hosts())))
    prefix = subnet.partition("/")[2]
    try:
        for command in (
            f"link add {name} type bridge",
            f"addr add {address}/{prefix} dev {name}",
            f"link set {name} up",
        ):
            done = subprocess.run(["ip", *command.split()], capture_output=True, check=False)
            if done.returncode:
                pytest.skip("only root may make an interface")
        yield name
    finally:
        subprocess.run(["ip", "link", "del", name], capture_output=True, check=False)


def test_a_release_that_takes_too_much_memory_says_so_with_the_limit(project: Scratch, good: str) -> None:
    tag = project.build("2.0.0", eats_mib=400)
    words = startup(project, tag)
    assert "ended with exit code 137, out of memory (limit 256m) before it was ready" in words
    assert "out of memory (limit 256m)" in project.refused(5, "promote", tag, "--force", "--reason", "try")


def test_a_release_that_wants_other_headers_says_what_it_answered(project: Scratch) -> None:
    project.edit("deploy/environments/local.yaml", "ready_within: 10s", "ready_within: 3s")
    redirects = {"ready_headers": {"Location": "https://shop.example/readyz"}}
    for tag, said in (
        (project.build("3.0.0", wants=NEEDS), 'answers 400, {"error": "not like this"}'),
        (project.build("3.1.0", wants=NEEDS, unless=301, headers=redirects), "answers 301"),
    ):
        words = answered(project, tag)
        assert said in words
        assert "contract.probe_headers in versions.yaml" in words
    project.edit("deploy/environments/local.yaml", "ready_within: 3s", "ready_within: 20s")


def answered(project: Scratch, tag: str) -> str:
    """Why a release that answers did not start; a busy machine may take longer until it answers at all."""
    pattern, words = r"ready_within: \d+s", ""
    for limit in (2, 20):
        project.edit("pipelines/verify.yaml", pattern, f"ready_within: {limit}s")
        if "answers " in (words := startup(project, tag)):
            break
    project.edit("pipelines/verify.yaml", pattern, "ready_within: 20s")
    return words


@pytest.mark.parametrize("part", ["the same", "a part of it"])
def test_a_subnet_that_a_vpn_has_is_refused_before_anything_starts(
    project: Scratch, good: str, part: str
) -> None:
    project.ok("down")  # with it goes the network that an earlier test has made
    subnet = project.environ["RELCTL_NETWORK_SUBNET"]
    narrower = next(iter(ipaddress.ip_network(subnet).subnets(new_prefix=30)))
    with vpn(subnet if part == "the same" else str(narrower)) as name:
        for verb in (("verify", good), ("promote", good, "--force", "--reason", "try")):
            words = project.refused(2, *verb)
            assert f"subnet {subnet} leads to interface {name}" in words
            free = words.partition("RELCTL_NETWORK_SUBNET=")[2].split()[0]
            assert not ipaddress.ip_network(free).overlaps(ipaddress.ip_network(subnet))
            assert containers({"io.relctl.service": project.service}) == []
        project.ok("verify", good, RELCTL_NETWORK_SUBNET=free)
    project.ok("verify", good)


def test_a_vpn_that_comes_up_later_is_named_too_while_a_release_is_live(project: Scratch, good: str) -> None:
    project.ok("promote", good)
    subnet = ipaddress.ip_network(project.environ["RELCTL_NETWORK_SUBNET"])
    with vpn(str(next(iter(subnet.subnets(new_prefix=29))))) as name:
        words = project.refused(2, "verify", good)
    assert f"subnet {subnet} leads to interface {name}" in words
    assert "end that connection; or relctl down, then RELCTL_NETWORK_SUBNET=" in words
    project.ok("verify", good)
    project.ok("down")


def test_a_verification_has_a_network_of_its_own_which_is_gone_afterwards(
    project: Scratch, good: str, client: Any
) -> None:
    """Its gate asks the engine where candidate and slot are."""
    project.ok("promote", good)
    done = project.run("verify", good, RELCTL_FAULT="kill:after:container.start#1")
    assert done.returncode < 0
    [candidate] = containers({"io.relctl.service": project.service, "io.relctl.role": TRIAL_ROLES[0]})
    [slot] = containers({"io.relctl.service": project.service, "io.relctl.role": "slot"})
    own, slots = (set(each.attrs["NetworkSettings"]["Networks"]) for each in (candidate, slot))
    assert own.isdisjoint(slots)
    project.ok("verify", good)
    assert client.networks.list(names=list(own)) == []
    assert [each.id for each in containers({"io.relctl.service": project.service})] == [slot.id]
    project.ok("down")
    assert client.networks.list(names=[f"relctl-{project.service}"]) == []


def test_probes_with_the_headers_that_it_wants_prove_it(project: Scratch, good: str) -> None:
    project.edit("versions.yaml", "port: 8000,", "port: 8000, probe_headers: {Host: shop.example},")
    project.ok("promote", good)  # which answers anybody
    tag = project.proved("3.2.0", wants=NEEDS)
    assert project.json("promote", tag)["tag"] == tag
    assert project.json("status")["live"]["tag"] == tag
    assert project.json("status")["drift"] == []
    project.edit("versions.yaml", " probe_headers: {Host: shop.example},", "")
    for live in (good, tag):
        assert project.json("rollback")["tag"] == live
