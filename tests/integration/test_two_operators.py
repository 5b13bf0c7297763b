"""Two operators who type at the same moment: one waits, or is refused in words, and nothing is corrupt."""

import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from client_load import Load, failed
from hosts import Bench, bench
from relctl.errors import LockedError
from relctl.rollout.host import Host
from relctl.rollout.pin import pin
from relctl.rollout.promote import promote
from relctl.rollout.prune import prune
from relctl.rollout.rollback import rollback
from relctl.rollout.status import status
from relctl.state.lock import Wait, exclusive
from relctl.tag import Tag

FIRST, SECOND, THIRD, FOURTH = (Tag(f"{number}.0.0", "abc12de") for number in (1, 2, 3, 4))
Command = Callable[[Host], object]

COMMANDS: dict[str, Command] = {
    "promote": lambda host: promote(host, THIRD),
    "another promote": lambda host: promote(host, FOURTH),
    "rollback": lambda host: rollback(host, None),
    "prune": prune,
    "pin": lambda host: pin(host, FIRST),
}
PAIRS = list(itertools.combinations(COMMANDS, 2))


@pytest.fixture
def stand() -> Iterator[Bench]:
    """1 stands by, 2 is live, 3 and 4 are proved; no request may fail from here to the end of the test."""
    with bench() as made:
        for version in ("1.0.0", "2.0.0"):
            promote(made.host, made.proved(version))
        for version in ("3.0.0", "4.0.0"):
            made.proved(version)
        load = Load(made.listen, "/translate", {"text": "x"}, connections=2, pause=0.01).start()
        load.wait_for(5, within=20)
        yield made
        load.wait_for(5, within=20)
        assert failed(load.stop()) == []


@dataclass(frozen=True)
class Meeting:
    """Two commands that want one lock: who has it keeps it until the other one has come.

    `wait`: how many seconds each waits for it, 0 for not at all.
    """

    stand: Bench
    wait: float
    came: threading.Event = field(default_factory=threading.Event)

    def host(self) -> Host:
        """A host for one of the two."""
        return Host.of(self.stand.host.project, self.stand.engine, self.stand.said.append, self._hold)

    @contextlib.contextmanager
    def _hold(self, path: Path) -> Iterator[None]:
        with exclusive(path, Wait(self.wait, self._say) if self.wait else None):
            if path == self.stand.host.paths.lock:
                assert self.came.wait(timeout=20), "nobody else came to the lock"
            yield

    def _say(self, words: str) -> None:
        self.stand.said.append(words)
        self.came.set()


def at_once(stand: Bench, names: tuple[str, str], wait: float) -> list[Exception | None]:
    """Let each command begin at the same moment, in a host of its own; returns how each ended."""
    start, meeting = threading.Barrier(2), Meeting(stand, wait)
    ended: list[Exception | None] = [TimeoutError(f"{name} has not ended") for name in names]

    def type_it(number: int) -> None:
        host = meeting.host()
        start.wait(timeout=10)
        try:
            COMMANDS[names[number]](host)
            ended[number] = None
        except Exception as error:  # noqa: BLE001 - whatever it is, the test looks at it
            ended[number] = error
        meeting.came.set()

    threads = [threading.Thread(target=type_it, args=(number,), daemon=True) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return ended


@pytest.mark.parametrize("names", PAIRS, ids=" and ".join)
def test_who_does_not_wait_is_refused_in_words(stand: Bench, names: tuple[str, str]) -> None:
    done, refused = sorted(at_once(stand, names, wait=0), key=lambda error: error is not None)
    assert done is None
    assert isinstance(refused, LockedError)
    assert "another relctl is at work here" in refused.message
    in_order(stand)


@pytest.mark.parametrize("names", PAIRS, ids=" and ".join)
def test_who_waits_gets_their_turn(stand: Bench, names: tuple[str, str]) -> None:
    assert at_once(stand, names, wait=30) == [None, None]
    assert any(words.startswith("waiting, ") for words in stand.said)
    in_order(stand)


def in_order(stand: Bench) -> None:
    """No drift, and in the ledger every move whole before the next begins."""
    assert status(stand.host).drift == []
    moves = [each for each in stand.events() if each not in ("pinned", "pruned", "repaired")]
    whole = [("promoting", "pointed", "promoted"), ("rolling-back", "pointed", "rolled-back")]
    assert all(tuple(moves[at : at + 3]) in whole for at in range(0, len(moves), 3)), moves
