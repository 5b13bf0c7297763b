"""An undo leaves alone whoever serves: over the engine in memory and a real Nginx."""

import errno
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from hosts import Bench
from relctl.engine.slots import slot_container
from relctl.errors import EngineError, NeedsPersonError, RolledBackError, UsageError
from relctl.observation.figures import Figures
from relctl.observation.watch import Watch, Watched
from relctl.rollout import abort
from relctl.rollout.failover import ask
from relctl.rollout.host import Host
from relctl.rollout.move import Switch
from relctl.rollout.promote import promote
from relctl.rollout.prove import start_release
from relctl.rollout.prune import prune
from relctl.rollout.rollback import rollback
from relctl.rollout.snapshot import take_snapshot
from relctl.rollout.status import status
from relctl.state.event import Event
from relctl.tag import Tag
from stands import FIRST, SECOND, THIRD, second_is_live

PHASES = pytest.mark.parametrize("canary", [(20,), ()], ids=("in a canary", "after the switch"))


@pytest.fixture
def stand() -> Iterator[Bench]:
    with second_is_live() as made:
        yield made


def container(stand: Bench, slot: str) -> str:
    return slot_container(stand.host.project, slot)


def refusing(stand: Bench, canary: tuple[int, ...], meanwhile: Callable[[], None]) -> Host:
    """A host whose traffic shows that the release is bad; something else happens meanwhile."""

    def watch(_log: Any, what: Watch, _policy: Any, _say: Any) -> Watched:
        meanwhile()
        return Watched("unhealthy", False, Figures(9, 9), None, ("planted",), what.seconds)

    return replace(stand.under(canary=canary, observe=5.0), watch=watch)


def in_order(stand: Bench, live: Tag, standby: Tag) -> None:
    found = status(stand.host)
    assert found.drift == []
    assert found.live is not None
    assert found.standby is not None
    assert found.live.tag == ask(stand.host).tag == str(live)
    assert found.standby.tag == str(standby)


@PHASES
def test_a_release_before_that_is_down_is_started_before_it_takes_the_traffic_back(
    stand: Bench, canary: tuple[int, ...]
) -> None:
    host = refusing(stand, canary, lambda: stand.engine.crash(container(stand, "green")))
    with pytest.raises(RolledBackError, match="unhealthy: planted"):
        promote(host, THIRD)
    said = [words for words in stand.said if "is down: restarting it in green" in words]
    assert len(said) == 1
    in_order(stand, SECOND, FIRST)


@PHASES
def test_where_the_release_before_cannot_serve_the_refused_one_goes_on(
    stand: Bench, canary: tuple[int, ...]
) -> None:
    def lost() -> None:
        stand.engine.forget(f"svc:{SECOND}")
        stand.engine.crash(container(stand, "green"))

    with pytest.raises(NeedsPersonError, match=f"{THIRD} has traffic .*planted.* cannot take over"):
        promote(refusing(stand, canary, lost), THIRD)
    assert take_snapshot(stand.host).pointer == ("blue-20" if canary else "blue")
    assert ask(stand.host).tag == str(THIRD)
    assert stand.events()[-1] != "aborted"


@pytest.mark.parametrize("route", ["blue-20", "blue"])
@pytest.mark.parametrize("go_on", [prune, lambda host: promote(host, SECOND)], ids=("prune", "promote"))
def test_what_finds_a_killed_promote_starts_the_release_before_first(
    stand: Bench, route: str, go_on: Callable[[Host], Any]
) -> None:
    stand.killed_promote(THIRD, route)
    if route == "blue":
        stand.engine.fall_silent(container(stand, "blue"))  # else it has proved itself, and is kept
    stand.engine.crash(container(stand, "green"))
    go_on(stand.host)
    in_order(stand, SECOND, FIRST)


@pytest.fixture
def standing_in(stand: Bench) -> Switch:
    """2 has the traffic again and does not answer; 3, whose promote was killed, answers for it."""
    move = stand.killed_promote(THIRD, "blue-20")
    stand.engine.hang_up(container(stand, "green"))
    with pytest.raises(NeedsPersonError, match=f"{SECOND} has the traffic .* and does not answer") as raised:
        rollback(stand.host, None)
    assert raised.value.hint == (
        f"docker restart {container(stand, 'green')}, then relctl promote {SECOND};"
        f" or relctl promote {THIRD}, to keep it"
    )
    return move


def test_a_release_that_answers_for_the_one_before_keeps_its_slot(stand: Bench, standing_in: Switch) -> None:
    for again in (lambda: prune(stand.host), lambda: rollback(stand.host, None)):
        with pytest.raises(NeedsPersonError, match="does not answer"):
            again()
    assert ask(stand.host).tag == str(THIRD)
    image = stand.engine.image("sha256:2.0.0")
    assert image is not None
    start_release(stand.host, standing_in.from_slot, image)
    assert promote(stand.host, SECOND) is None
    in_order(stand, SECOND, FIRST)


@pytest.mark.usefixtures("standing_in")
def test_one_that_was_removed_then_is_started_before_the_other_loses_its_slot(stand: Bench) -> None:
    stand.engine.remove(container(stand, "green"))
    prune(stand.host)
    in_order(stand, SECOND, FIRST)


@pytest.mark.usefixtures("standing_in")
@pytest.mark.parametrize("gone", [True, False], ids=("nothing to go back to", "a dead port"))
def test_the_one_that_answers_can_be_kept_by_its_name(stand: Bench, gone: bool) -> None:
    if gone:
        stand.engine.forget(f"svc:{SECOND}")
        stand.engine.remove(container(stand, "green"))
    assert promote(stand.host, THIRD) is None
    assert take_snapshot(stand.host).pointer == "blue"
    assert ask(stand.host).tag == take_snapshot(stand.host).live_tag == str(THIRD)
    assert stand.events()[-1] == "promoted"


def test_a_release_that_never_was_ready_stands_in_for_nobody(stand: Bench) -> None:
    stand.engine.hang_up(container(stand, "green"))
    stand.proved("4.0.0", ready=False)
    with pytest.raises(RolledBackError, match="was not ready within"):
        promote(stand.host, Tag("4.0.0", "abc12de"))
    assert ask(stand.host).tag == str(FIRST)
    assert stand.events()[-1] == "aborted"


def hung(stand: Bench) -> None:
    stand.engine.hang_up(container(stand, "green"))


def beyond_help(stand: Bench) -> None:
    stand.engine.crash(container(stand, "green"))
    stand.engine.forget(f"svc:{SECOND}")


@pytest.mark.parametrize("die", [hung, beyond_help], ids=lambda each: each.__name__)
def test_a_killed_warm_rollback_from_a_dead_release_goes_on_when_typed_again(
    stand: Bench, die: Callable[[Bench], None]
) -> None:
    snapshot = take_snapshot(stand.host)
    move = Switch("rollback", str(FIRST), "sha256:1.0.0", snapshot.idle, snapshot.live, warm=True)
    stand.host.ledger.append(move.begun())
    die(stand)
    moved = rollback(stand.host, None)
    assert moved is not None
    assert moved.tag == ask(stand.host).tag == str(FIRST)


@PHASES
def test_an_engine_that_fails_meanwhile_hides_no_verdict_and_keeps_no_traffic(
    stand: Bench, monkeypatch: pytest.MonkeyPatch, canary: tuple[int, ...]
) -> None:
    pointers = []

    def fail(_name: str) -> None:
        pointers.append(stand.host.proxy.pointer.read())
        raise EngineError("the engine does not answer in time")

    host = refusing(stand, canary, lambda: monkeypatch.setattr(stand.engine, "container", fail))
    with pytest.raises(RolledBackError, match=r"unhealthy: planted\n.*; the next command puts blue in order"):
        promote(host, THIRD)
    assert set(pointers) == {"green"}, "users had to wait until the engine had failed"
    assert any("blue stays as it is for the next command to settle" in words for words in stand.said)
    monkeypatch.undo()
    prune(stand.host)
    assert "aborted" in stand.events()
    in_order(stand, SECOND, FIRST)


def test_an_engine_that_fails_in_a_rollback_is_told_and_the_next_command_settles_the_slot(
    stand: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any) -> None:
        raise EngineError("the engine does not answer in time")

    stand.killed_promote(THIRD)
    with monkeypatch.context() as patched:
        patched.setattr(abort, "restore_slot", fail)
        moved = rollback(stand.host, None)
    assert moved is not None
    assert moved.tag == str(SECOND)
    assert any("blue stays as it is for the next command to settle" in words for words in stand.said)
    promote(stand.host, SECOND)
    in_order(stand, SECOND, FIRST)


def test_a_rollback_killed_before_the_ledger_knew_of_the_traffic_goes_no_further_when_typed_again(
    stand: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_arguments: Any) -> None:
        raise KeyboardInterrupt

    def die_when_pointed(event: Event) -> None:
        if event.event == "pointed":
            raise KeyboardInterrupt
        append(event)

    append = stand.host.ledger.append
    with monkeypatch.context() as patched:
        patched.setattr(stand.host.ledger, "append", die_when_pointed)
        with pytest.raises(KeyboardInterrupt):
            stand.killed_promote(THIRD, "blue-20")
    with monkeypatch.context() as patched:
        patched.setattr(abort, "restore_slot", die)
        with pytest.raises(KeyboardInterrupt):
            rollback(stand.host, None)
    moved = rollback(stand.host, None)
    assert moved is not None
    assert moved.tag == str(SECOND)
    in_order(stand, SECOND, FIRST)


def test_a_verdict_that_finds_no_room_in_the_ledger_is_told_all_the_same(
    stand: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(event: Event) -> None:
        if event.event == "observed":
            raise OSError(errno.ENOSPC, "No space left on device", "ledger")
        append(event)

    host = refusing(stand, (), lambda: None)
    append = host.ledger.append
    monkeypatch.setattr(host.ledger, "append", full)
    with pytest.raises(RolledBackError, match="unhealthy: planted"):
        promote(host, THIRD)
    assert any("verdict could not be recorded: ledger: No space" in words for words in stand.said)
    in_order(stand, SECOND, FIRST)


def test_a_release_whose_image_is_gone_is_refused_before_a_promote_is_taken_back(stand: Bench) -> None:
    stand.killed_promote(THIRD)
    stand.engine.forget(f"svc:{FIRST}")
    with pytest.raises(UsageError, match=f"the image of {FIRST} .* is gone from the engine"):
        rollback(stand.host, FIRST)
    assert take_snapshot(stand.host).pointer == "blue"


def test_an_nginx_that_finds_no_room_to_come_up_is_told_when_all_else_is_done(
    stand: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "nginx.conf")

    stand.killed_promote(THIRD, "blue-20")
    stand.host.proxy.down()
    monkeypatch.setattr("relctl.rollout.abort.ensure_proxy", full)
    with pytest.raises(NeedsPersonError, match=r"Nginx does not show it: nginx\.conf: No space") as raised:
        rollback(stand.host, None)
    assert "make room" in raised.value.hint
    assert (take_snapshot(stand.host).pointer, stand.events()[-1]) == ("green", "aborted")
