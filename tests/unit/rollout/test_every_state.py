"""Every state of pointer, ledger and both slots, and what each verb makes of it.

A rollback leads away from what has the traffic as it is typed, never back to it; a standby that answers is
never removed or restarted to become live; who had an answer before a command has one after it.
"""

import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from quiet_host import Quiet, quiet_host
from relctl.engine.slots import SLOTS, other, slot_container
from relctl.errors import RelctlError
from relctl.proxy.pointer import main_slot, newcomer
from relctl.rollout.host import Host
from relctl.rollout.promote import promote
from relctl.rollout.prune import prune
from relctl.rollout.rollback import rollback
from relctl.rollout.status import status
from stands import FIRST, SECOND, THIRD

POINTERS = ("blue", "green", "lost", "blue-05")
CONTAINERS = ("running", "paused", "dead", "gone")
STATES = list(itertools.product(POINTERS, SLOTS, CONTAINERS, CONTAINERS))


@pytest.fixture
def stand(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Quiet]:
    """1 in blue, 2 in green, in the state that the test names; 3 is proved."""
    pointer, meant, *containers = request.param
    with quiet_host(monkeypatch, tmp_path / "record") as made:
        for tag in (FIRST, SECOND):
            promote(made.host, made.bench.proved(tag.version))
        if meant == "blue":
            rollback(made.host, None)
        made.bench.proved(THIRD.version)
        for slot, state in zip(SLOTS, containers, strict=True):
            change(made, slot, state)
        lead(made, pointer)
        yield made


def change(stand: Quiet, slot: str, state: str) -> None:
    name, engine = slot_container(stand.host.project, slot), stand.bench.engine
    changes = {"paused": engine.pause, "dead": engine.crash, "gone": engine.remove}
    if state in changes:
        changes[state](name)


def lead(stand: Quiet, pointer: str) -> None:
    if pointer == "lost":
        stand.host.paths.pointer.unlink()
        return
    stand.host.proxy.pointer.prepare(pointer)
    stand.host.proxy.pointer.move(pointer)


def route(stand: Quiet) -> str:
    return stand.host.proxy.pointer.read()


def answers(host: Host, slot: str) -> bool:
    found = host.slot(slot) if slot else None
    return found is not None and found.running and host.service(found).is_ready()


def starts(stand: Quiet, slot: str) -> int:
    return stand.bench.engine.started.count(slot_container(stand.host.project, slot))


def states(usual: tuple[str, ...]) -> pytest.MarkDecorator:
    """Every state; those whose pointer is none of the `usual` ones are left to the slow tests."""
    each = [
        pytest.param(state, id=", ".join(state), marks=() if state[0] in usual else pytest.mark.slow)
        for state in STATES
    ]
    return pytest.mark.parametrize("stand", each, indirect=True)


@states(usual=SLOTS)
def test_a_rollback_leads_away_from_what_has_the_traffic(stand: Quiet) -> None:
    typed, host = route(stand), stand.host
    before, main = {slot: answers(host, slot) for slot in SLOTS}, main_slot(typed)
    started = {slot: starts(stand, slot) for slot in SLOTS}
    with contextlib.suppress(RelctlError):
        rollback(host, None)
        now = route(stand)
        assert answers(host, now), "it ended, and what has the traffic does not answer"
        if newcomer(typed) not in ("", main):
            assert now == main, "of a canary the rest of the traffic is the way back"
        elif main:
            assert now == other(main)
            assert not before[now] or starts(stand, now) == started[now], "what answered was restarted"
        return
    now = route(stand)
    assert not before.get(main_slot(typed)) or answers(host, main_slot(now)), "users had an answer before"


@states(usual=())
@pytest.mark.parametrize("tag", [FIRST, SECOND], ids=["1", "2"])
def test_a_rollback_to_a_tag_ends_there(stand: Quiet, tag: object) -> None:
    host, had = stand.host, answers(stand.host, main_slot(route(stand)))
    try:
        rollback(host, tag)  # type: ignore[arg-type]
    except RelctlError:
        assert not had or answers(host, main_slot(route(stand))), "users had an answer before"
        return
    found = status(host)
    assert found.live is not None
    assert (found.live.tag, found.live.health) == (str(tag), "ready")


@states(usual=())
def test_a_promote_ends_with_its_release_or_as_it_was(stand: Quiet) -> None:
    host, had = stand.host, answers(stand.host, main_slot(route(stand)))
    try:
        promote(host, THIRD)
    except RelctlError:
        assert not had or answers(host, main_slot(route(stand))), "users had an answer before"
        return
    found = status(host)
    assert found.live is not None
    assert (found.live.tag, found.live.health) == (str(THIRD), "ready")


@states(usual=())
def test_looking_moves_nothing_and_pruning_only_what_the_ledger_says(stand: Quiet) -> None:
    typed, held, host = route(stand), stand.host.slots(), stand.host
    found = status(host)
    assert (route(stand), host.slots()) == (typed, held)
    assert found.pointer == typed
    meant = found.switched.slot if found.switched else ""
    assert found.drift or (typed == meant and all(each.running for each in held.values() if each))
    had = answers(host, typed)
    with contextlib.suppress(RelctlError):
        prune(host)
    assert route(stand) in (typed, meant)
    assert host.slots() == held
    assert not had or answers(host, route(stand)), "users had an answer before"
