"""How long, how many and how much: each leeway of a verification, to the last unit on either side of it."""

import contextlib
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hosts import Bench
from relctl.config.gates import Ask
from relctl.config.versions import Contract
from relctl.engine.protocol import Container
from relctl.engine.slots import trial_spec
from relctl.errors import RelctlError
from relctl.probe.service import UnreachableError
from relctl.probe.traffic import Plan
from relctl.statistics import proportion
from relctl.statistics.growth import Reading, conclude
from relctl.statistics.quality_drop import too_few
from relctl.verify import verify
from relctl.verify.gates import contract, latency, soak, startup
from relctl.verify.gates.faults import find
from relctl.verify.trial import candidate, exchange, trial
from relctl.verify.trial.candidate import Candidate, remove_leftovers
from relctl.verify.trial.trial import Subject, passed
from stands import FIRST, SECOND
from still_clock import StillClock

EARLY = [200, 300, 400, 500, 600]
LATE = [667, 700, 800, 900]


def still(*places: float) -> list[Reading]:
    """Readings of a memory that does not grow."""
    return [(place, 50.0) for place in places]


@pytest.mark.parametrize(
    ("readings", "wrong"),
    [
        (still(*EARLY, *LATE, 950), ""),
        (still(*EARLY, *LATE, 949), "memory was read only until request 949 of 1000"),
        (still(199, *EARLY[1:], *LATE, 1000), "memory was read 9 times"),
        (still(*EARLY, 650, *LATE[1:], 1000), "memory was read 10 times, 4 of them late"),
        (still(*EARLY, *EARLY, *LATE, 1000), ""),
    ],
)
def test_memory_is_judged_by_ten_readings_after_the_warm_up_half_of_them_late(
    readings: list[Reading], wrong: str
) -> None:
    found = conclude(readings, 1000, 0.0)
    assert "; ".join(found.wrong).startswith(wrong)
    assert bool(found.wrong) == bool(wrong)


@pytest.mark.parametrize(("limit", "fails"), [(1_000_000.0, 0), (999_999.0, 3)])
def test_memory_may_grow_by_just_what_is_allowed(limit: float, fails: int) -> None:
    growing = [(float(place), 1_000.0 * place) for place in (*EARLY, *LATE, 1000)]
    assert len(conclude(growing, 1000, limit).wrong) == fails


def test_the_least_samples_are_what_the_documents_say() -> None:
    assert (proportion.LEAST_CLUSTERS, proportion.LEAST_SENTENCES) == (10, 150)
    assert (proportion.LEAST_READINGS, proportion.LEAST_SOAK) == (10, 12)


@pytest.mark.parametrize(
    ("sentences", "few"), [(150, ""), (149, "149 sentences are too few; 150 are needed")]
)
def test_as_many_sentences_as_are_needed_are_enough(sentences: int, few: str) -> None:
    assert too_few(sentences) == few


ENDED = "the candidate has ended with 137, killed by SIGKILL"


class Seen:
    """A container that may restart or end, behind an engine that learns of it."""

    def __init__(self, *found: Container | None) -> None:
        self.found, self.removed = list(found), list[tuple[str, int]]()

    def container(self, _name: str) -> Container | None:
        return self.found.pop(0) if len(self.found) > 1 else self.found[0]

    def logs(self, _name: str, lines: int) -> str:
        return f"the last {lines} lines"


def container(*, running: bool = True, restarts: int = 0) -> Container:
    return Container("c", "sha256:1", {}, running, restarts, 137, "127.0.0.1:1")


def looked_at(*found: Container | None, ready: bool = False) -> Candidate:
    service = SimpleNamespace(is_ready=lambda: ready, contract=Contract(port=8000), address="127.0.0.1:1")
    return Candidate(
        cast("Any", None),
        "candidate",
        FIRST,
        cast("Any", None),
        cast("Any", Seen(*found)),
        container(),
        cast("Any", service),
        0.0,
    )


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ([None], "the candidate: its container is gone"),
        ([container(running=False)], ENDED),
        ([container(restarts=1)], ENDED),
        (
            [container(), container(), container(running=False)],
            ENDED,
        ),
        ([container()], ""),
    ],
    ids=("gone", "ended", "restarted", "learnt later", "silent"),
)
def test_why_a_candidate_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, found: list[Container | None], words: str
) -> None:
    clock = StillClock()
    monkeypatch.setattr(candidate, "time", clock)
    assert looked_at(*found).end() == words
    assert words or clock.now == pytest.approx(1_002.0)


def test_a_candidate_that_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = StillClock()
    monkeypatch.setattr(candidate, "time", clock)
    assert looked_at(container(), ready=True).end() == ""
    assert clock.slept == []


def test_what_a_killed_verification_left_is_removed_whatever_its_role(tmp_path: Any) -> None:
    stand = Bench(tmp_path)
    stand.image("1.0.0")
    image = stand.engine.image("sha256:1.0.0")
    assert image is not None
    try:
        for role in ("candidate", "reference", "twin"):
            stand.engine.start(trial_spec(stand.host.project, image, role))
        remove_leftovers(stand.host.project, stand.engine)
        assert stand.engine.containers({}) == []
    finally:
        stand.engine.close()


def test_a_candidate_that_ended_fails_its_gate_with_its_last_thirty_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = SimpleNamespace(candidate=looked_at(container(running=False)))
    settings = SimpleNamespace()
    monkeypatch.setattr(verify, "GATES", {SimpleNamespace: lambda *_: passed("fine", figure=1)})
    verdict = verify._run(cast("Any", settings), cast("Any", found))
    assert (verdict.outcome, verdict.reasons) == (
        "fail",
        (ENDED,),
    )
    assert verdict.figures == {"figure": 1, "log": "the last 30 lines"}


def test_a_reference_has_two_minutes_to_be_ready(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stand, waited = Bench(tmp_path), list[Any]()
    for version in ("1.0.0", "2.0.0"):
        stand.image(version)
    images = [stand.engine.image(f"sha256:{version}") for version in ("1.0.0", "2.0.0")]
    assert images[0] is not None
    monkeypatch.setattr(trial, "wait_until_ready", lambda *arguments: waited.append(arguments[-1]))
    subject = Subject(stand.host.project, stand.engine, SECOND, images[0], images[1])
    try:
        with trial.trial(subject, cast("Any", None), stand.said.append) as found:
            assert found.reference() is found.reference()
            with found.twin() as twin:
                assert twin.container.name != found.candidate.container.name
        assert stand.engine.containers({}) == []
    finally:
        stand.engine.close()
    assert waited == [120.0, 120.0]


@pytest.mark.parametrize(("attempts", "slept"), [(1, [0.2]), (3, [0.2, 0.2, 0.2])])
def test_a_case_that_nobody_answers_is_sent_again_after_a_moment(
    monkeypatch: pytest.MonkeyPatch, attempts: int, slept: list[float]
) -> None:
    clock = StillClock()
    monkeypatch.setattr(exchange, "time", clock)

    def refused(*_: Any) -> None:
        raise UnreachableError("refused")

    monkeypatch.setattr(exchange, "send", refused)
    case = SimpleNamespace(name="one", request=None)
    [result] = exchange.run(looked_at(container()), [cast("Any", case)], attempts, 1.0)
    assert result == {"name": "one", "attempts": attempts, "wrong": ["refused"]}
    assert clock.slept == slept


def test_progress_is_said_every_two_seconds_and_not_of_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, said = StillClock(), list[str]()
    monkeypatch.setattr(exchange, "time", clock)
    done = exchange.progress(9, said.append)
    for number, at in enumerate((0.0, 1.999, 2.0, 3.0, 4.0, 9.0, 9.5, 10.9, 99.0), 1):
        clock.now = 1_000.0 + at
        done(number)
    assert said == ["  3 of 9 requests", "  5 of 9 requests", "  6 of 9 requests"]


@pytest.mark.parametrize(("requests", "step"), [(12, 1), (199, 1), (200, 2), (10_000, 100)])
def test_a_soak_aims_at_a_hundred_readings(monkeypatch: pytest.MonkeyPatch, requests: int, step: int) -> None:
    steps = list[int]()

    def watching(_candidate: Any, every: int) -> None:
        steps.append(every)
        raise RelctlError("enough seen")

    monkeypatch.setattr(soak, "Watch", watching)
    settings = SimpleNamespace(data_set="x", requests=requests, clients=1, timeout=1.0)
    found = SimpleNamespace(
        candidate=None,
        fresh=lambda *_: [],
        pipeline=SimpleNamespace(ask=None, data_sets={"x": SimpleNamespace(sources=())}),
    )
    with pytest.raises(RelctlError, match="enough seen"):
        soak.soak(cast("Any", found), cast("Any", settings))
    assert steps == [step]


ASK = Ask()
SETTINGS: dict[str, Any] = {
    "data_set": "x",
    "clients": 3,
    "timeout": 7.0,
    "rate": 9.0,
    "burst": 4,
    "rounds": 10,
    "requests_of_a_round": 2,
    "texts": 2,
    "batch": "",
    "requests": 12,
    "ready_within": 5.0,
    "text": "a",
}


@pytest.mark.parametrize(
    ("gate", "plan"),
    [
        (contract.contract, Plan(ASK, 1, 7.0)),  # its twin is alone
        (lambda found, settings: contract._in_company(found, settings, {"a": "b"}), Plan(ASK, 3, 7.0)),
        (latency.latency, Plan(ASK, 32, 7.0, 9.0, 4)),
        (soak.soak, Plan(ASK, 3, 7.0)),
        (startup.startup, Plan(ASK, 1, 5.0)),
    ],
    ids=("contract alone", "contract in company", "latency", "soak", "startup"),
)
def test_a_gate_asks_as_its_settings_say(monkeypatch: pytest.MonkeyPatch, gate: Any, plan: Plan) -> None:
    plans = list[Plan]()

    def send(_address: str, _texts: Any, plan: Plan, *_: Any) -> None:
        plans.append(plan)
        raise RelctlError("enough seen")

    monkeypatch.setattr("relctl.probe.traffic.send", send)
    monkeypatch.setattr(startup, "wait_until_ready", lambda *_: None)
    monkeypatch.setattr("relctl.verify.gates.contract.ask_edge_texts", lambda *_: [])
    beside = looked_at(container(), ready=True)
    project, data = SimpleNamespace(versions=SimpleNamespace(contract=None)), SimpleNamespace(sources="abc")
    subjects = SimpleNamespace(
        candidate=replace(beside, project=cast("Any", project)),
        reference=lambda: None,
        twin=lambda: contextlib.nullcontext(beside),
        fresh=lambda _, number: ["a"] * number,
        say=lambda _: None,
        pipeline=SimpleNamespace(ask=ASK, cases={}, data_sets={"x": data}),
    )
    settings = SimpleNamespace(**SETTINGS, title="x")
    monkeypatch.setattr(soak.Watch, "running", lambda _: contextlib.nullcontext())
    with pytest.raises(RelctlError, match="enough seen"):
        gate(subjects, settings)
    assert plans == [plan]


@pytest.mark.parametrize(
    ("translation", "loops"),
    [
        ("it is so, it is so, well", False),
        ("it is so, it is so, it is so", True),
        ("no no no no yes", False),
        ("no no no no no yes", True),
        ("abcdabcd", False),
        ("abcdabcdabcd", True),
        ("hahahaha", False),
        ("hahahahaha", True),
        ("!" * 11, False),
        ("!" * 12, True),
        ("10000000000000000", False),
    ],
)
def test_a_translation_may_repeat_itself_a_little(translation: str, loops: bool) -> None:
    reference = "".join(chr(ord("a") + number % 26) for number in range(len(translation)))
    assert ("loop" in find("x", translation, reference)) is loops


@pytest.mark.parametrize(
    ("length", "odd"), [(3, False), (2, True), (30, False), (31, True)], ids=lambda each: str(each)
)
def test_a_translation_has_between_three_tenths_and_three_times_the_length(length: int, odd: bool) -> None:
    words = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ"
    assert ("length" in find("x", words[:length], words[:10])) is odd
