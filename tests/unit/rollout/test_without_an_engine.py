"""Going back while the engine is silent: by what was started, to what answers, and never to what failed."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from memory_engine import MemoryEngine
from quiet_host import Quiet, quiet_host
from relctl.config.environment import Ports
from relctl.errors import EngineError, RolledBackError, UsageError
from relctl.observation.figures import Figures
from relctl.observation.watch import Watch, Watched
from relctl.rollout.dry_run import rehearse
from relctl.rollout.host import Host
from relctl.rollout.move import Switch
from relctl.rollout.promote import promote
from relctl.rollout.prove import start_release
from relctl.rollout.rollback import rollback
from relctl.rollout.status import status
from stands import FIRST, SECOND, THIRD


class Silent:
    """An engine that is asked for a moment only, and has no answer by then."""

    def __getattr__(self, name: str) -> Any:
        def ask(*_arguments: object, **_named: object) -> None:
            raise EngineError("the Docker engine did not answer within 0.3 s")

        return ask


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Quiet]:
    """1 stands by in blue, 2 is live in green, 3 is proved."""
    with quiet_host(monkeypatch, tmp_path / "record") as made:
        for tag in (FIRST, SECOND):
            promote(made.host, made.bench.proved(tag.version))
        made.bench.proved(THIRD.version)
        yield made


@contextlib.contextmanager
def slow() -> Iterator[None]:
    """The engine answers, but not at once."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(MemoryEngine, "within", lambda _engine, _seconds: Silent())
        yield


@contextlib.contextmanager
def dead() -> Iterator[None]:
    with slow(), pytest.MonkeyPatch.context() as patched:
        for name in ("container", "containers", "image", "start", "remove"):
            patched.setattr(MemoryEngine, name, getattr(Silent(), name))
        yield


def harmed(host: Host) -> Host:
    def watch(_log: Any, what: Watch, _policy: Any, _say: Any) -> Watched:
        return Watched("unhealthy", False, Figures(9, 0), None, ("planted",), what.seconds)

    return replace(host, watch=watch)


def live(stand: Quiet) -> str:
    found = status(stand.host)
    return found.live.tag if found.live else ""


def test_back_and_forth_without_an_engine(stand: Quiet) -> None:
    with dead():
        for tag in (FIRST, SECOND, FIRST):
            moved = rollback(stand.host, None)
            assert moved is not None
            assert (moved.tag, live(stand)) == (str(tag), str(tag))


def test_the_plan_of_going_back_needs_no_engine_either(stand: Quiet) -> None:
    with dead():
        stage = rehearse(stand.host)
        moved = rollback(stage, None)
    assert moved is not None
    assert (moved.tag, live(stand)) == (str(FIRST), str(SECOND))
    assert [step.name for step in stage.steps.reached][-1] == "record"


def test_a_slow_engine_leads_nobody_to_a_release_that_failed(stand: Quiet) -> None:
    with pytest.raises(RolledBackError, match="planted"):
        promote(harmed(stand.under(observe=1.0)), THIRD)
    stand.bench.engine.remove("relctl-svc-test-blue")  # the standby is gone, and its slot's record is not
    with slow():
        moved = rollback(stand.host, None)
    assert moved is not None
    assert moved.tag == str(FIRST), "the last good one, by the ledger"


def test_what_has_to_be_started_is_refused_by_an_engine_that_is_dead(stand: Quiet) -> None:
    stand.bench.engine.crash("relctl-svc-test-blue")
    with dead():
        with pytest.raises(EngineError):
            rollback(stand.host, None)
        assert live(stand) == str(SECOND)


def test_an_unproved_newcomer_that_answers_is_no_standby(stand: Quiet) -> None:
    image = stand.bench.engine.image(f"sha256:{THIRD.version}")
    assert image is not None
    move = Switch("promote", str(THIRD), image.id, "blue", "green", replaced_image_id="sha256:1.0.0")
    stand.host.ledger.append(move.begun())
    start_release(stand.host, "blue", image)  # and there it was killed
    with dead():
        with pytest.raises(EngineError, match="is not proved"):
            rollback(stand.host, None)
        assert live(stand) == str(SECOND)


def test_a_slot_is_not_emptied_for_what_could_not_be_reached_in_it(stand: Quiet) -> None:
    promote(stand.host, THIRD)  # 2 stands by, 1 is retained
    environment = stand.host.project.environment
    elsewhere = environment.network.model_copy(update={"publish": Ports(blue=1, green=2)})
    moved = environment.model_copy(update={"network": elsewhere})
    host = stand.told(stand.bench.with_project(environment=moved))
    started = list(stand.bench.engine.started)
    with pytest.raises(UsageError, match="Nginx would lose the live release"):
        rollback(host, FIRST)
    assert stand.bench.engine.started == started
    assert rollback(host, None) is not None, "the standby answers where it is"
