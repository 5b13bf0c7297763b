"""Cases marked `after_switch` go through Nginx once the traffic has moved; a wrong answer undoes the move."""

import time
from collections.abc import Iterator

import pytest

from hosts import Bench, bench
from relctl.errors import ConfigError, RolledBackError
from relctl.probe import cases
from relctl.rollout.dry_run import rehearse
from relctl.rollout.promote import promote
from relctl.rollout.rollback import rollback

MARKED = """cases:
  - {name: unmarked, request: {path: /x, json: {text: a}}, expect: {status: 418}}
  - {name: marked, after_switch: true, request: {path: /x, json: {text: a}}, expect: {status: 200}}
"""


@pytest.fixture
def stand() -> Iterator[Bench]:
    with bench() as made:
        mark(made, MARKED)
        promote(made.host, made.proved("1.0.0"))
        logged(made, 1)
        yield made


def mark(stand: Bench, cases: str) -> None:
    (stand.folder / "pipelines/smoke.yaml").write_text(cases)


def live(stand: Bench) -> str:
    return str(stand.host.front().info()["version"])


def logged(stand: Bench, number: int) -> list[str]:
    """Wait for so many requests of cases in Nginx's log, which gets them after their answers."""
    deadline = time.monotonic() + 10
    while len(lines := requests_logged(stand)) < number:
        assert time.monotonic() < deadline, lines
        time.sleep(0.01)
    return lines


def requests_logged(stand: Bench) -> list[str]:
    lines = stand.host.paths.access_log.read_text().splitlines()
    return [line for line in lines if '"uri":"/x"' in line]


def test_a_marked_case_is_sent_once_through_nginx_and_an_unmarked_one_never(stand: Bench) -> None:
    promote(stand.host, stand.proved("2.0.0"))
    assert ['"status":200' in line for line in logged(stand, 2)] == [True, True]
    assert live(stand) == "2.0.0"


def test_users_that_would_get_another_answer_undo_the_move(stand: Bench) -> None:
    tag = stand.proved("2.0.0", fails_every=1)
    with pytest.raises(RolledBackError, match="smoke case 'marked' expects: status 500, not 200") as raised:
        promote(stand.host, tag)
    assert raised.value.exit_code == 5
    assert live(stand) == "1.0.0"
    assert stand.host.ledger.read().events[-1].details["step"] == "smoke"


@pytest.mark.slow
def test_an_answer_that_never_ends_is_not_waited_for(stand: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "_WITHIN", 0.5)
    tag, began = stand.proved("2.0.0", delay_ms=1_500), time.monotonic()
    with pytest.raises(RolledBackError, match="users do not get what smoke case 'marked' expects"):
        promote(stand.host, tag)
    assert live(stand) == "1.0.0"
    assert time.monotonic() - began < 30


@pytest.mark.slow
def test_going_back_sends_none_and_reads_no_pipeline(stand: Bench) -> None:
    promote(stand.host, stand.proved("2.0.0"))
    before = len(logged(stand, 2))
    mark(stand, "cases: [")
    rollback(stand.host, None)
    assert live(stand) == "1.0.0"
    assert len(requests_logged(stand)) == before


@pytest.mark.slow
def test_a_pipeline_that_cannot_be_read_moves_nothing(stand: Bench) -> None:
    tag = stand.proved("2.0.0")
    mark(stand, "cases: [")
    with pytest.raises(ConfigError):
        promote(stand.host, tag)
    promote(stand.host, tag, forced="the cases are being written")
    assert any("no smoke case is sent after the switch" in words for words in stand.said)
    assert live(stand) == "2.0.0"


def test_a_dry_run_tells_it_and_sends_nothing(stand: Bench) -> None:
    tag, before = stand.proved("2.0.0"), len(requests_logged(stand))
    planned = rehearse(stand.host)
    promote(planned, tag)
    told = {step.name: step.does for step in planned.steps.reached}
    assert told["smoke"] == "send the after_switch cases through Nginx: marked"
    assert len(requests_logged(stand)) == before
