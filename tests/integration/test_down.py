"""What `relctl down` leaves, and says, over a real Nginx, with the engine in memory."""

from collections.abc import Iterator

import pytest

from hosts import Bench
from relctl.errors import EngineError, NeedsPersonError
from relctl.rollout.down import down
from stands import second_is_live

BLUE, GREEN = "relctl-svc-test-blue", "relctl-svc-test-green"


@pytest.fixture
def stand() -> Iterator[Bench]:
    with second_is_live() as made:
        yield made


def test_what_was_stopped_is_written_down_once(stand: Bench) -> None:
    assert down(stand.host) == ["nginx", BLUE, GREEN]
    assert down(stand.host) == []
    assert stand.host.ledger.read().events[-1].reason == f"nginx, {BLUE}, {GREEN}"
    assert stand.events().count("stopped") == 1


def test_where_nothing_was_ever_brought_in_nothing_is_written(stand: Bench) -> None:
    stand.host.paths.ledger.unlink()
    down(stand.host)
    stand.host.paths.ledger.unlink()
    assert down(stand.host) == []
    assert not stand.host.paths.ledger.exists()


def test_an_engine_that_fails_halfway_needs_a_person_and_the_next_down_goes_on(
    stand: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove = stand.engine.remove

    def failing(name: str, grace: int = 10) -> None:
        if name == GREEN:
            raise EngineError("the engine does not answer")
        remove(name, grace)

    monkeypatch.setattr(stand.engine, "remove", failing)
    with pytest.raises(NeedsPersonError, match=f"stopped: nginx, {BLUE}, then: the engine does not answer"):
        down(stand.host)
    monkeypatch.undo()
    assert down(stand.host) == [GREEN]
    assert stand.events()[-1] == "stopped"


def test_an_engine_that_fails_before_anything_is_stopped_changes_nothing(
    stand: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_name: str) -> None:
        raise EngineError("the engine does not answer")

    monkeypatch.setattr(stand.engine, "container", failing)
    with pytest.raises(EngineError):
        down(stand.host)
    assert stand.host.proxy.is_up()
    assert stand.events()[-1] == "promoted"
