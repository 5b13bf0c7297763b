"""A slot's container that a hand renamed, paused, stopped, removed or replaced: named, and put in order."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

import watcher
from client_load import Load, failed
from scratch import Scratch, echo_project, remove_container
from watcher import POLICY

pytestmark = [pytest.mark.engine, pytest.mark.slow]


@dataclass(frozen=True)
class Stand:
    """Three proved releases in a real engine; when a test begins, 2 is live in `live`, 1 in `standby`."""

    project: Scratch
    client: Any
    tags: tuple[str, str, str]

    def settle(self) -> None:
        for container in self.client.containers.list(
            all=True,
            ignore_removed=True,  # the engine still ends what a killed relctl has told it
            filters={"label": f"io.relctl.service={self.project.service}"},
        ):
            remove_container(container)
        for tag in self.tags[:2]:
            self.project.ok("promote", tag)

    def name(self, slot: str) -> str:
        return f"relctl-{self.project.service}-local-{slot}"

    def container(self, role: str) -> Any:
        """The container of `live` or `standby`."""
        return self.client.containers.get(self.name(self.project.json("status")[role]["slot"]))

    def drift(self) -> str:
        return "\n".join(self.project.json("status")["drift"])

    def in_order(self, tag: str) -> None:
        status = self.project.json("status")
        assert status["drift"] == []
        assert (status["live"]["tag"], status["live"]["health"]) == (tag, "ready")
        assert status["standby"]["health"] == "ready"


@pytest.fixture(scope="module")
def made() -> Iterator[Stand]:
    import docker

    with echo_project() as project:
        client = docker.from_env()
        tags = (project.proved("1.0.0"), project.proved("2.0.0"), project.proved("3.0.0"))
        yield Stand(project, client, tags)
        client.close()


@pytest.fixture
def stand(made: Stand) -> Stand:
    made.settle()
    return made


@pytest.mark.parametrize("role", ["live", "standby"])
def test_one_that_was_renamed_needs_a_person_who_is_told_its_name(stand: Stand, role: str) -> None:
    container = stand.container(role)
    wanted, odd = container.name, f"{container.name}-old"
    container.rename(odd)
    load = Load(stand.project.listen, "/translate", {"text": "x"}, connections=2, pause=0.01).start()
    load.wait_for(5, within=10)
    assert f"{odd} runs as {wanted.rpartition('-')[2]}" in stand.drift()
    assert f"docker rename {odd} {wanted}" in stand.project.refused(6, "promote", stand.tags[2])
    if role == "live":  # to what is live already: it seems to be down
        assert f"docker rename {odd} {wanted}" in stand.project.refused(6, "rollback", stand.tags[1])
    else:
        assert stand.project.json("rollback", stand.tags[1])["verdict"] == "live already"
    load.wait_for(5, within=10)
    assert failed(load.stop()) == []
    container.rename(wanted)
    stand.project.ok("promote", stand.tags[2])
    stand.in_order(stand.tags[2])


def test_a_renamed_live_does_not_keep_anyone_from_going_back(stand: Stand) -> None:
    stand.container("live").rename(f"{stand.project.service}-odd")
    stand.project.ok("rollback")
    assert stand.project.json("status")["live"]["tag"] == stand.tags[0]


def test_down_stops_a_renamed_live_too(stand: Stand) -> None:
    container = stand.container("live")
    container.rename(f"{stand.project.service}-odd")
    assert f"{stand.project.service}-odd" in stand.project.json("down")["stopped"]
    assert container.id not in {
        each.id for each in stand.client.containers.list(all=True, ignore_removed=True)
    }


def test_a_paused_live_is_named_and_the_next_promote_starts_it_again(stand: Stand) -> None:
    container = stand.container("live")
    container.pause()
    assert f"{container.name} should run {stand.tags[1]} and is paused" in stand.drift()
    stand.project.ok("promote", stand.tags[1])
    stand.in_order(stand.tags[1])


def test_a_paused_live_does_not_keep_anyone_from_going_back(stand: Stand) -> None:
    stand.container("live").pause()
    stand.project.ok("rollback")
    status = stand.project.json("status")
    assert (status["live"]["tag"], status["standby"]["health"]) == (stand.tags[0], "paused")
    stand.project.ok("promote", stand.tags[2])
    stand.in_order(stand.tags[2])


def test_a_paused_standby_is_named_and_started_for_a_rollback(stand: Stand) -> None:
    container = stand.container("standby")
    container.pause()
    assert f"the standby {container.name} is paused: docker unpause {container.name}" in stand.drift()
    stand.project.ok("rollback")
    stand.in_order(stand.tags[0])


@pytest.mark.parametrize("how", ["stop", "remove"])
def test_a_live_that_is_gone_is_named_and_comes_back(stand: Stand, how: str) -> None:
    container = stand.container("live")
    container.stop(timeout=0) if how == "stop" else container.remove(force=True)
    gone = "is stopped" if how == "stop" else "does not exist"
    assert f"{container.name} should run {stand.tags[1]} and {gone}" in stand.drift()
    stand.project.ok("promote", stand.tags[1])
    stand.in_order(stand.tags[1])


def replace_by_hand(stand: Stand, role: str, tag: str, *, at_its_address: bool, named: str = "") -> None:
    """What `docker run` of another image under the slot's name does, or under the name `named`."""
    old = stand.container(role)
    [address] = [each["IPAddress"] for each in old.attrs["NetworkSettings"]["Networks"].values()]
    name, network = named or old.name, next(iter(old.attrs["NetworkSettings"]["Networks"]))
    old.remove(force=True)
    api, image = stand.client.api, f"relctl-test-{stand.project.service}:{tag}"
    endpoint = api.create_endpoint_config(ipv4_address=address if at_its_address else None)
    attached = api.create_networking_config({network: endpoint})
    api.create_container(image, name=name, networking_config=attached, environment={"PORT": "8000"})
    api.start(name)


@pytest.mark.parametrize("at_its_address", [True, False], ids=("its address", "another address"))
@pytest.mark.parametrize("command", ["promote", "rollback"])
def test_a_live_that_a_hand_replaced_is_named_and_order_returns(
    stand: Stand, at_its_address: bool, command: str
) -> None:
    name = stand.container("live").name
    replace_by_hand(stand, "live", stand.tags[2], at_its_address=at_its_address)
    assert f"{name} runs image" in stand.drift()
    if command == "promote":
        stand.project.ok("promote", stand.tags[1])
    else:
        stand.project.ok("rollback")
    live = stand.tags[1] if command == "promote" else stand.tags[0]
    assert stand.project.json("status")["live"]["tag"] == live
    stand.project.ok("promote", stand.tags[2])
    stand.in_order(stand.tags[2])


def watching(stand: Stand) -> contextlib.AbstractContextManager[object]:
    """A promote of the third that watches a canary, as a process of its own."""
    project = replace(stand.project, environ=stand.project.environ | POLICY)
    return watcher.Stand(project, *stand.tags).watching("canary")


def test_a_release_before_that_was_renamed_takes_the_traffic_back_from_one_that_is_watched(
    stand: Stand,
) -> None:
    before = stand.container("live")
    wanted, odd = before.name, f"{before.name}-old"
    with watching(stand):
        before.rename(odd)
        done = stand.project.ok("rollback")
    assert f"docker rename {odd} {wanted}" in done.stderr
    assert stand.project.json("status")["pointer"] == wanted.rpartition("-")[2]
    before.rename(wanted)
    stand.in_order(stand.tags[1])


def test_a_new_release_that_was_renamed_is_named_when_it_is_taken_back(stand: Stand) -> None:
    wanted = stand.container("standby").name
    with watching(stand):
        new = stand.client.containers.get(wanted)
        new.rename(f"{wanted}-new")
        done = stand.project.ok("rollback")
    assert f"docker rename {wanted}-new {wanted}" in done.stderr
    new.rename(wanted)
    stand.in_order(stand.tags[1])


def test_a_start_that_finds_its_address_taken_leaves_no_container_behind(stand: Stand) -> None:
    name = stand.container("live").name
    with watching(stand):
        replace_by_hand(stand, "live", stand.tags[0], at_its_address=True, named=f"{name}-odd")
        words = stand.project.refused(6, "rollback")
    assert "Address already in use" in words
    assert name not in [each.name for each in stand.client.containers.list(all=True, ignore_removed=True)]
