"""What happened while a promote watched, as the one who watches finds it: in memory, over a real Nginx."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from hosts import Bench
from relctl.errors import EngineError, NeedsPersonError, TakenBackError
from relctl.observation.watch import Watch, Watched
from relctl.rollout.host import Host
from relctl.rollout.promote import promote
from relctl.rollout.rollback import rollback
from relctl.rollout.snapshot import take_snapshot
from relctl.rollout.status import status
from stands import FIRST, SECOND, THIRD, second_is_live

PHASES = pytest.mark.parametrize("canary", [(20,), ()], ids=("in a canary", "after the switch"))


@pytest.fixture
def stand() -> Iterator[Bench]:
    with second_is_live() as made:
        yield made


def watching(stand: Bench, canary: tuple[int, ...], meanwhile: Callable[[], None]) -> Host:
    """A host on which something happens while a release is watched, before the pointer is next read."""

    def watch(_log: Any, what: Watch, _policy: Any, _say: Any) -> Watched:
        meanwhile()
        what.interest()
        raise AssertionError("who watches did not notice")

    return replace(stand.under(canary=canary, observe=5.0), watch=watch)


def another(stand: Bench) -> Host:
    """The host as another process opens it."""
    return stand.with_project()


@PHASES
def test_who_went_on_to_another_release_keeps_it_though_the_engine_fails(
    stand: Bench, monkeypatch: pytest.MonkeyPatch, canary: tuple[int, ...]
) -> None:
    def fail(_name: str) -> None:
        raise EngineError("the engine does not answer in time")

    def meanwhile() -> None:
        rollback(another(stand), FIRST)
        monkeypatch.setattr(stand.engine, "container", fail)

    with pytest.raises(TakenBackError, match=f"aborted by .*\n{FIRST} is live"):
        promote(watching(stand, canary, meanwhile), THIRD)
    monkeypatch.undo()
    assert_first_is_live(stand)


def assert_first_is_live(stand: Bench) -> None:
    assert take_snapshot(stand.host).live_tag == str(FIRST)
    assert stand.events()[-1] == "rolled-back"
    assert status(stand.host).drift == []


def damaged(ledger: bytes) -> bytes:
    """A line that is no event, behind all others."""
    return ledger + b"{spoilt\n"


def unreadable(_ledger: bytes) -> bytes:
    """Nothing but a line that is no event."""
    return b"{spoilt\n"


@PHASES
@pytest.mark.parametrize(
    ("damage", "error"),
    [(damaged, TakenBackError), (unreadable, NeedsPersonError)],
    ids=lambda each: each.__name__,
)
def test_who_went_on_to_another_release_keeps_it_though_the_ledger_is_damaged(
    stand: Bench, canary: tuple[int, ...], damage: Callable[[bytes], bytes], error: type[Exception]
) -> None:
    path, whole = stand.host.paths.ledger, list[bytes]()

    def meanwhile() -> None:
        rollback(another(stand), FIRST)
        whole.append(path.read_bytes())
        path.write_bytes(damage(whole[0]))

    with pytest.raises(error, match="during observation"):
        promote(watching(stand, canary, meanwhile), THIRD)
    path.write_bytes(whole[0])
    assert_first_is_live(stand)


@PHASES
def test_while_the_ledger_cannot_tell_the_move_is_left_to_the_next_command(
    stand: Bench, canary: tuple[int, ...]
) -> None:
    path, whole = stand.host.paths.ledger, list[bytes]()

    def meanwhile() -> None:
        whole.append(path.read_bytes())
        path.write_bytes(damaged(whole[0]))

    with pytest.raises(NeedsPersonError, match=r"during observation: .*ledger\.jsonl:") as raised:
        promote(watching(stand, canary, meanwhile), THIRD)
    assert "relctl rollback" in raised.value.hint
    path.write_bytes(whole[0])
    moved = rollback(another(stand), None)
    assert moved is not None
    assert (moved.tag, moved.standby) == (str(SECOND), str(FIRST))
    assert status(stand.host).drift == []
