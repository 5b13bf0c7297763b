"""Each release is asked by the contract that it was built with, whatever the folder says by now."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from quiet_host import Quiet, quiet_host
from relctl.config.versions import Contract
from relctl.engine.labels import CONTRACT, PORT, contract_of, label_of
from relctl.errors import RolledBackError
from relctl.observation.figures import Figures
from relctl.observation.watch import Watch, Watched
from relctl.rollout.host import Host
from relctl.rollout.promote import promote
from relctl.rollout.rollback import rollback
from relctl.rollout.status import status
from stands import FIRST, SECOND

CHANGES: list[dict[str, Any]] = [
    {"ready": "/healthz"},
    {"info": "/about"},
    {"live": "/alive"},
    {"port": 9000},
    {"idempotent": "replay"},
    {"keep_alive": 0.5},
    {"ready": "/healthz", "info": "/about", "live": "/alive", "port": 9000, "keep_alive": 75.0},
]


USUAL = (CHANGES[0], CHANGES[-1])
EACH = [pytest.param(each, marks=() if each in USUAL else pytest.mark.slow) for each in CHANGES]


@pytest.fixture(params=EACH, ids=[", ".join(each) for each in CHANGES])
def change(request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, Any] = request.param
    return found


@pytest.fixture(params=["the old one has it", "the new one has it"])
def stand(
    request: pytest.FixtureRequest,
    change: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Quiet]:
    """1 is live, 2 is proved, their contracts differ, and the folder has that of 2."""
    with quiet_host(monkeypatch, tmp_path / "record") as made:
        for tag in (FIRST, SECOND):
            made.bench.proved(tag.version)
        changed = FIRST if "old" in request.param else SECOND
        made.bench.contract(FIRST.version)
        made.bench.contract(SECOND.version)
        made.bench.contract(changed.version, **change)
        promote(made.host, FIRST)
        yield made


def in_a_folder_with(stand: Quiet, **contract: Any) -> Host:
    versions = stand.host.project.versions
    folder = versions.model_copy(update={"contract": versions.contract.model_copy(update=contract)})
    return stand.told(stand.bench.with_project(versions=folder))


def harmed(host: Host) -> Host:
    """A host whose traffic shows every release to be bad."""

    def watch(_log: Any, what: Watch, _policy: Any, _say: Any) -> Watched:
        return Watched("unhealthy", False, Figures(9, 0), None, ("planted",), what.seconds)

    return replace(host, watch=watch)


@pytest.mark.parametrize("folder_has_it", [True, False])
def test_there_and_back_and_there_again(stand: Quiet, change: dict[str, Any], folder_has_it: bool) -> None:
    host = in_a_folder_with(stand, **(change if folder_has_it else {}))
    promote(host, SECOND)
    started = list(stand.bench.engine.started)
    for back in (FIRST, SECOND):
        moved = rollback(host, None)
        assert moved is not None
        assert (moved.tag, moved.warm) == (str(back), True)
    found = status(host)
    assert found.live is not None
    assert found.standby is not None
    assert (found.live.health, found.standby.health, found.drift) == ("ready", "ready", [])
    assert stand.bench.engine.started == started, "nothing was started to go back"


@pytest.mark.parametrize(
    "policy", [{"observe": 1.0}, {"observe": 1.0, "canary": (5,)}], ids=["whole", "canary"]
)
def test_a_bad_release_is_left_by_itself(
    stand: Quiet, change: dict[str, Any], policy: dict[str, Any]
) -> None:
    host = in_a_folder_with(stand, **change)
    rollout = host.project.environment.rollout.model_copy(update=policy)
    environment = host.project.environment.model_copy(update={"rollout": rollout})
    watched = stand.told(stand.bench.with_project(versions=host.project.versions, environment=environment))
    with pytest.raises(RolledBackError, match="planted"):
        promote(harmed(watched), SECOND)
    found = status(host)
    assert found.live is not None
    assert (found.live.tag, found.live.health, found.standby) == (str(FIRST), "ready", None)


def test_a_label_is_read_as_it_was_written() -> None:
    for change in CHANGES:
        written = Contract.model_validate({"port": 8000}).model_copy(update=change)
        assert contract_of({CONTRACT: label_of(written)}, Contract(port=1)) == written


def test_a_label_that_says_nothing_sensible_is_as_good_as_none(stand: Quiet) -> None:
    container = stand.host.slot("blue")
    assert container is not None
    folder = stand.host.project.versions.contract
    started_at = int(container.labels[PORT])
    for junk in ("", "{", "[]", "null", '{"port": "x"}', "3"):
        odd = replace(container, labels={**container.labels, CONTRACT: junk})
        assert stand.host.contract(odd) == folder.model_copy(update={"port": started_at})
        assert contract_of({CONTRACT: junk}, folder) == folder


def test_what_a_newer_relctl_wrote_is_understood_as_far_as_it_goes(stand: Quiet) -> None:
    container = stand.host.slot("blue")
    assert container is not None
    odd = replace(container, labels={"io.relctl.contract": '{"port": 9, "ready": "/up", "warp": 9}'})
    assert (stand.host.contract(odd).port, stand.host.contract(odd).ready) == (9, "/up")
