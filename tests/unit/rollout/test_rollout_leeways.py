"""How long, how many and how much: each leeway of a rollout, to the last unit on either side of it."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from quiet_host import Quiet, quiet_host
from relctl.config.environment import Rollout
from relctl.engine.protocol import Image
from relctl.errors import NotProvedError
from relctl.observation import watch
from relctl.observation.figures import Figures
from relctl.observation.judge import ANY, LAST, Compared, judge
from relctl.observation.tally import Tally
from relctl.observation.window import Window
from relctl.probe.service import Service, UnreachableError
from relctl.proxy.access_log import Losses
from relctl.proxy.access_log_line import Request
from relctl.proxy.recent_traffic import Traffic
from relctl.rollout import prove, undo
from relctl.rollout.admission import proof
from relctl.rollout.move import Switch
from relctl.rollout.promote import promote
from relctl.rollout.status import status
from relctl.rollout.watching import baseline
from relctl.state.evidence import Evidence, EvidenceStore, GateResult
from relctl.state.ledger import LedgerContent
from relctl.statistics.clusters import Ratio
from stands import FIRST, SECOND
from still_clock import StillClock, StillDay

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
LIMITS = Rollout(min_requests=100, max_error_rate=0.05, max_p95_ratio=1.25)


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Quiet]:
    """1 stands by in blue, 2 is live in green."""
    with quiet_host(monkeypatch, tmp_path / "record") as made:
        for tag in (FIRST, SECOND):
            promote(made.host, made.bench.proved(tag.version))
        yield made


@pytest.mark.parametrize(
    ("age", "taken"),
    [
        (30 * DAY, True),
        (30 * DAY + timedelta(seconds=1), False),
        (timedelta(seconds=-60), True),
        (timedelta(seconds=-61), False),
    ],
    ids=("as old as allowed", "a second older", "a minute ahead", "more than a minute ahead"),
)
def test_evidence_may_be_as_old_as_the_environment_says_and_a_minute_ahead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, age: timedelta, taken: bool
) -> None:
    monkeypatch.setattr("relctl.rollout.admission.datetime", StillDay(NOW))
    image = Image("sha256:1", (), {}, (), "", 1)
    gate = GateResult(name="x", verdict="pass", figures={}, reason="", seconds=0)
    EvidenceStore(tmp_path).save(
        Evidence(
            image_id=image.id,
            tag=str(FIRST),
            pipeline="sha256:2",
            verdict="pass",
            gates=[gate],
            started=NOW,
            ended=NOW - age,
            relctl="0",
        )
    )
    environment = SimpleNamespace(
        resources=SimpleNamespace(model_dump=dict), max_age=30 * 86_400.0, pipeline="x"
    )
    project = SimpleNamespace(
        pipeline=lambda: SimpleNamespace(checksum="sha256:2", gates=()), name="local", environment=environment
    )
    host = cast("Any", SimpleNamespace(project=project, evidence=EvidenceStore(tmp_path)))
    refused = False
    try:
        proof(host, FIRST, image, "")
    except NotProvedError:
        refused = True
    assert refused is not taken


def compared(failed: int, of: int, ratio: Ratio | None) -> Compared:
    ours, theirs = Figures(of, failed, 10.0, 20.0, 30.0, 0.02, 30), Figures(20_000, 0, 10.0, 20.0, 30.0)
    return Compared(ours, theirs, ratio)


@pytest.mark.parametrize(
    ("found", "verdict", "within"),
    [
        (compared(0, 100, Ratio(1.0, 0.0, 30)), "healthy", True),
        (compared(0, 99, Ratio(1.0, 0.0, 30)), "not enough traffic", True),
        (compared(0, 100, Ratio(1.25, 0.0, 30)), "healthy", True),
        (compared(0, 100, Ratio(1.2501, 0.0, 30)), "unhealthy", False),
        (compared(1_000, 20_000, Ratio(1.0, 0.0, 30)), "not enough traffic", True),
        (compared(1_001, 20_000, Ratio(1.0, 0.0, 30)), "not enough traffic", False),
        (compared(20, 200, Ratio(1.0, 0.0, 30)), "unhealthy", False),
    ],
)
def test_what_is_just_allowed_is_allowed(found: Compared, verdict: str, within: bool) -> None:
    judged = judge(LIMITS, found, LAST)
    assert (judged.verdict, judged.within) == (verdict, within)


@pytest.mark.parametrize(("requests", "verdict"), [(100, "unhealthy"), (99, "not enough traffic")])
def test_of_fewer_requests_than_are_needed_harm_has_to_be_all_the_more_certain(
    requests: int, verdict: str
) -> None:
    found = compared(11, requests, Ratio(1.0, 0.0, 30))
    assert judge(LIMITS, found, LAST).verdict == verdict
    assert judge(LIMITS, found, ANY).verdict == "not enough traffic"


@pytest.mark.parametrize(
    ("requests", "failed", "spans", "decides"),
    [(200, 0, 10, True), (199, 0, 10, False), (201, 2, 10, False), (202, 2, 10, True), (200, 0, 9, False)],
)
def test_a_p95_is_known_from_two_hundred_answers_in_ten_spans(
    requests: int, failed: int, spans: int, decides: bool
) -> None:
    assert Figures(requests, failed, 1.0, 2.0, 3.0, 0.1, spans).decides is decides


def requests(*ended: float) -> list[Request]:
    return [Request(each, "blue", "/", 200, 20, asked=True, passed_on=False) for each in ended]


class Log:
    """An access log that has been read from a moment on."""

    path, losses = Path("access.log"), Losses()

    def __init__(self, found: list[Request] | None = None) -> None:
        self.found, self.reads = found or [], 0

    def read(self) -> list[Request]:
        self.reads += 1
        return self.found

    def __enter__(self) -> "Log":
        return self

    def __exit__(self, *_: object) -> None:
        return None


@pytest.mark.parametrize(("seconds", "lately"), [(200.0, 24_000), (300.0, 36_000), (1_800.0, 36_000)])
def test_what_a_release_did_before_is_looked_at_for_as_long_as_the_window_and_five_minutes_at_most(
    seconds: float, lately: int
) -> None:
    found = requests(*(number / 120 for number in range(120 * 600)))
    before = baseline(host_that_logged(found), window(seconds))
    assert before is not None
    assert before.requests == lately


@pytest.mark.parametrize(
    ("apart", "counted"),
    [(1.0, 20_000), (60.0, 720), (3_600.0 / 20, 240), (3_600.0 / 16, None)],
    ids=("busy", "a minute", "just enough", "too few"),
)
def test_where_there_were_few_it_is_looked_at_for_half_a_day(apart: float, counted: int | None) -> None:
    found = requests(*(number * apart for number in range(21_000)))
    before = baseline(host_that_logged(found), window(30.0))
    assert (round(before.requests) if before else None) == counted


def host_that_logged(found: list[Request]) -> Any:
    events = LedgerContent([])
    return SimpleNamespace(
        ledger=SimpleNamespace(salvage=lambda: events), logged=lambda _end, _start, _most: found
    )


def window(seconds: float) -> Window:
    return Window("v2", "id-v2", "green", "blue", 1_000.0, seconds)


def watched(
    monkeypatch: pytest.MonkeyPatch, seconds: float, verdict: Compared, **policy: Any
) -> tuple[watch.Watched, StillClock, list[str], list[float]]:
    """Watch by a clock of the test's own; returns how it ended, what was said, and when it was judged."""
    clock, said, judged = StillClock(0.0), list[str](), list[float]()
    monkeypatch.setattr(watch, "time", clock)

    def compare(_tally: Tally) -> Compared:
        judged.append(clock.now)
        return verdict

    what = watch.Watch("v2", seconds, 0.0, compare, lambda: None)
    found = watch.watch(cast("Any", Log()), what, Rollout(**policy), said.append)
    return found, clock, said, judged


NOT_YET = compared(0, 0, None)


@pytest.mark.parametrize(
    ("seconds", "every"), [(10.0, 2.0), (100.0, 10.0), (1_800.0, 60.0)], ids=("short", "usual", "long")
)
def test_progress_is_said_each_tenth_of_a_window_but_neither_all_the_time_nor_seldom(
    monkeypatch: pytest.MonkeyPatch, seconds: float, every: float
) -> None:
    found, clock, said, judged = watched(monkeypatch, seconds, NOT_YET, too_few="rollback")
    assert (found.accepted, found.seconds, clock.now) == (False, seconds, seconds)
    assert set(clock.slept) <= {1.0, 0.0}
    assert len(said) == pytest.approx(seconds / every, abs=1)
    assert {later - sooner for sooner, later in itertools.pairwise(judged[:-1])} == {2.0}


def test_a_window_without_an_answer_goes_on_until_its_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    found, _, said, _ = watched(monkeypatch, 30.0, NOT_YET, too_few="wait", wait_at_most="90s")
    assert (found.accepted, found.seconds) == (False, 120.0)
    waits = [words for words in said if words.startswith("not enough traffic to tell, waiting for more")]
    assert 20 <= len(waits) <= 31  # as often as progress is said; at 120 seconds it is over


def test_a_window_ends_when_it_is_over_and_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    healthy = compared(0, 20_000, Ratio(1.0, 0.01, 30))
    found, _, _, _ = watched(monkeypatch, 30.5, healthy)
    assert (found.verdict, found.accepted, found.seconds) == ("healthy", True, 30.5)


def test_harm_ends_a_window_at_the_next_look(monkeypatch: pytest.MonkeyPatch) -> None:
    found, _, _, _ = watched(monkeypatch, 1_800.0, compared(500, 1_000, None))
    assert (found.verdict, found.seconds) == ("unhealthy", 1.0)


def test_a_long_window_costs_no_more_at_its_end_than_a_short_one() -> None:
    tally = Tally()
    for minute in range(0, 3_600, 60):
        tally.add(requests(*(minute + each / 4 for each in range(240))))
    assert len(tally._pools["blue"].spans[""]) <= 240
    [side] = tally.sides("blue")
    assert side.requests == 60 * 240


@pytest.mark.parametrize(
    ("answers", "stands_in"),
    [((FIRST, FIRST, FIRST), True), ((FIRST, FIRST, SECOND), False), ((SECOND, FIRST, FIRST), False)],
)
def test_one_request_that_was_passed_on_is_not_yet_a_release_that_is_down(
    stand: Quiet, answers: tuple[Any, ...], stands_in: bool
) -> None:
    listen, told = stand.bench.listen, iter(answers)

    def ask(address: str, contract: Any) -> Service:
        if address != listen:
            return Service(address, contract)
        return cast("Service", SimpleNamespace(info=lambda _within: {"tag": str(next(told))}, url=""))

    host = replace(stand.host, ask=ask)
    move = Switch("promote", str(FIRST), "sha256:1.0.0", "blue", "green")
    assert undo.stands_in(host, move) is stands_in
    if stands_in:
        assert next(told, None) is None, "it was asked less than three times"


def test_nginx_has_five_seconds_to_open_its_port(stand: Quiet, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = StillClock()
    monkeypatch.setattr(prove, "time", clock)

    def info() -> None:
        raise UnreachableError("refused")

    unreachable = cast("Service", SimpleNamespace(info=info))
    host = replace(stand.host, ask=lambda *_: unreachable)
    container = host.slot("green")
    assert container is not None
    with pytest.raises(UnreachableError):
        prove.prove_through_proxy(host, container)
    assert clock.now == pytest.approx(1_005.0, abs=0.1)


def test_a_release_is_warmed_up_twice_with_what_it_has_to_answer(
    stand: Quiet, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = list[tuple[Any, float]]()
    monkeypatch.setattr(
        "relctl.probe.cases.send", lambda _, request, timeout: sent.append((request.json_, timeout))
    )
    image = stand.bench.engine.image("sha256:1.0.0")
    assert image is not None
    prove.start_release(stand.host, "blue", image)
    assert sent == [({"text": "hello"}, 5.0)] * 2


def test_status_tells_of_the_last_five_minutes(stand: Quiet, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[tuple[Any, ...]]()

    def recent(*arguments: Any) -> Traffic:
        asked.append(arguments)
        return Traffic(0.0)

    monkeypatch.setattr("relctl.rollout.status.recent_traffic", recent)
    contract = stand.host.project.versions.contract
    found = status(stand.host)
    assert asked == [(stand.host.paths.access_log, 300.0, contract.probes)]
    assert len(found.events) == 5
