"""Watching a release after the switch, over a real Nginx and its log: what a user would see."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from client_load import Load, failed
from hosts import Bench, bench
from relctl.config.units import until
from relctl.engine.slots import slot_container
from relctl.errors import EngineError, NeedsPersonError, RolledBackError, UnhealthyError, UsageError
from relctl.observation import watch
from relctl.observation.figures import Figures
from relctl.observation.judge import Judgement, judge
from relctl.observation.watch import Watched
from relctl.observation.window import Window
from relctl.rollout.host import Host
from relctl.rollout.observe import observe
from relctl.rollout.promote import promote
from relctl.rollout.rollback import rollback
from relctl.rollout.snapshot import take_snapshot
from relctl.rollout.status import status
from relctl.tag import Tag
from stands import ANY_P95

WINDOW = 1.5
# Wide enough for a few hundred requests, and for servers that share one interpreter with their clients;
# where a busy machine has fewer, they are waited for.
POLICY = {
    "observe": WINDOW,
    "max_error_rate": 0.03,
    "max_p95_ratio": ANY_P95,
    "too_few": "wait",
    "wait_at_most": 60.0,
}


pytestmark = pytest.mark.usefixtures("small_spans")


@pytest.fixture
def stand() -> Iterator[Bench]:
    with bench() as made:
        yield made


def watching(stand: Bench, **policy: Any) -> Host:
    """The host under a policy that observes."""
    return stand.under(**POLICY | policy)


def loaded(stand: Bench, seconds: float = WINDOW) -> Load:
    """Users who ask all the time, and have for long enough to be a baseline."""
    load = Load(stand.listen, "/translate", {"text": "x"}, connections=8, pause=0.005).start()
    time.sleep(seconds)
    load.wait_for(20, within=20)
    return load


def wait_until(happened: Callable[[], bool], within: float = 60.0) -> None:
    """Wait for what must happen; a busy machine may take its time."""
    deadline = time.monotonic() + within
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def live(stand: Bench) -> str:
    return take_snapshot(stand.host).live_tag


def last(stand: Bench, name: str) -> Any:
    return next(event for event in reversed(stand.host.ledger.read().events) if event.event == name)


def test_a_release_that_is_as_good_is_watched_and_stays(stand: Bench) -> None:
    promote(stand.host, stand.proved("1.0.0", delay_ms=10))
    load = loaded(stand)
    moved = promote(watching(stand), stand.proved("2.0.0", delay_ms=10))
    samples = load.stop()
    assert failed(samples) == []
    assert moved is not None
    assert moved.observed is not None
    assert (moved.observed["verdict"], moved.observed["accepted"]) == ("healthy", True)
    assert moved.observed["requests"] >= 100
    assert moved.observed["p95_ms"] >= 10
    assert moved.observed["reference"]["requests"] > 20
    assert stand.events()[-5:] == ["promoting", "pointed", "observing", "observed", "promoted"]
    assert status(stand.host).observing is None
    assert any("requests, 0.00% failed" in words and "s to go" in words for words in stand.said)


def test_a_release_that_fails_in_traffic_is_taken_back_at_once(stand: Bench) -> None:
    first, second = stand.proved("1.0.0"), stand.proved("2.0.0")
    promote(stand.host, first)
    promote(stand.host, second)
    load, began = loaded(stand), time.monotonic()
    with pytest.raises(RolledBackError, match=r"of \d+ requests failed, 0\.00% of") as raised:
        promote(watching(stand, observe=1800.0), stand.proved("3.0.0", fails_every=8))
    took = time.monotonic() - began
    load.wait_for(8, within=20)
    samples = load.stop()
    assert raised.value.exit_code == 5
    assert f"traffic is as before: {second} is live" in raised.value.message
    assert took < 180
    assert {sample.release for sample in samples[-4:]} == {str(second)}
    assert (live(stand), take_snapshot(stand.host).tag(take_snapshot(stand.host).idle)) == (
        str(second),
        str(first),
    )
    assert stand.events()[-4:] == ["pointed", "observing", "observed", "aborted"]
    found = last(stand, "observed")
    assert found.details["verdict"] == "unhealthy"
    assert found.details["error_rate"] > 0.05
    assert "requests failed" in last(stand, "aborted").reason


def test_a_release_that_takes_longer_is_taken_back(stand: Bench) -> None:
    first = stand.proved("1.0.0", delay_ms=10)
    promote(stand.host, first)
    load = loaded(stand)
    with pytest.raises(RolledBackError, match=r"p95 \d+ ms, \d+ ms of the previous release"):
        promote(watching(stand, observe=20.0, max_p95_ratio=1.5), stand.proved("2.0.0", delay_ms=150))
    assert failed(load.stop()) == []
    assert live(stand) == str(first)


@pytest.mark.parametrize(
    ("policy", "kept"),
    [
        ({"too_few": "keep"}, True),
        ({"too_few": "accept"}, True),
        ({"too_few": "rollback"}, False),
        ({"too_few": "wait", "wait_at_most": 0.5}, False),
    ],
)
def test_too_little_traffic_is_what_the_policy_says(stand: Bench, policy: dict[str, Any], kept: bool) -> None:
    first, second = stand.proved("1.0.0"), stand.proved("2.0.0")
    promote(stand.host, first)
    host = watching(stand, observe=0.5, **policy)
    if kept:
        moved = promote(host, second)
        assert moved is not None
        assert moved.observed is not None
        assert moved.observed["verdict"] == "not enough traffic"
        [notice] = status(host).notices
        assert notice.startswith(f"{second} was kept: not enough traffic: 0 requests; 100 are needed")
    else:
        with pytest.raises(RolledBackError, match="not enough traffic"):
            promote(host, second)
    assert live(stand) == str(second if kept else first)


def test_waiting_for_traffic_ends_when_there_is_enough(stand: Bench) -> None:
    promote(stand.host, stand.proved("1.0.0"))
    loaded(stand).stop()
    later = Load(stand.listen, "/translate", {"text": "x"}, connections=8, pause=0.005)
    waited: list[str] = []

    def say(words: str) -> None:
        if words.startswith("not enough traffic to tell, waiting") and not waited:
            waited.append(words)
            later.start()

    host = watching(stand, observe=0.05, wait_at_most=60.0, max_error_rate=0.01)
    moved = promote(replace(host, say=say), stand.proved("2.0.0"))
    later.stop()
    assert waited
    assert moved is not None
    assert moved.observed is not None
    assert moved.observed["verdict"] == "healthy"


@pytest.mark.parametrize("too_few", ["wait", "keep"])
def test_a_log_that_is_missing_is_said_and_accepts_nothing(stand: Bench, too_few: str) -> None:
    first = stand.proved("1.0.0")
    promote(stand.host, first)
    stand.host.paths.access_log.unlink()
    with pytest.raises(RolledBackError, match=r"access\.log is missing"):
        promote(watching(stand, observe=0.5, wait_at_most=0.0, too_few=too_few), stand.proved("2.0.0"))
    assert live(stand) == str(first)


def test_a_window_ends_as_soon_as_there_is_enough_and_its_size_is_foretold(stand: Bench) -> None:
    promote(stand.host, stand.proved("1.0.0"))
    load, began = loaded(stand), time.monotonic()
    found = until("100 requests or 60s")
    host = watching(stand, until=found, observe=found.seconds, too_few="keep")
    moved = promote(host, stand.proved("2.0.0"))
    load.stop()
    assert time.monotonic() - began < 50
    assert moved is not None
    assert moved.observed is not None
    assert moved.observed["requests"] >= 100
    assert any(words.startswith("all will have about ") for words in stand.said)


@pytest.mark.slow
def test_a_log_that_nginx_reopens_meanwhile_is_read_on(stand: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    promote(stand.host, stand.proved("1.0.0"))
    load, log = loaded(stand), stand.host.paths.access_log
    old = log.with_name("access.log.1")

    def of_the_new_one(path: Path) -> int:
        return path.read_text().count('"pool":"green"')

    def rotate() -> None:
        wait_until(lambda: of_the_new_one(log) > 50)
        log.rename(old)
        os.kill(stand.host.proxy.state().pid, signal.SIGUSR1)
        wait_until(lambda: log.exists() and of_the_new_one(log) > 50)

    def judge_later(*arguments: Any) -> Judgement:
        rotated.result()  # else a slow hand might find the window over
        return judge(*arguments)

    monkeypatch.setattr(watch, "judge", judge_later)
    with ThreadPoolExecutor(1) as hand:
        rotated = hand.submit(rotate)
        moved = promote(watching(stand), stand.proved("2.0.0"))
    load.stop()
    assert moved is not None
    assert moved.observed is not None
    before, after = of_the_new_one(old), of_the_new_one(log)
    assert before < moved.observed["requests"] <= before + after
    assert moved.observed["verdict"] == "healthy"


class Interrupted(BaseException):
    pass


class KilledError(Exception):
    pass


def interrupted(stand: Bench, monkeypatch: pytest.MonkeyPatch, tag: Tag, **policy: Any) -> None:
    """Promote, and interrupt the watching."""

    def interrupt(*_: object) -> None:
        raise Interrupted

    with monkeypatch.context() as patched:
        patched.setattr(watch, "judge", interrupt)
        with pytest.raises(Interrupted):
            promote(watching(stand, **policy), tag)


def test_an_interrupted_window_stays_open_and_observe_goes_on_with_it(
    stand: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(stand.host, stand.proved("1.0.0"))
    load, second = loaded(stand), stand.proved("2.0.0")
    interrupted(stand, monkeypatch, second)
    assert live(stand) == str(second)
    assert stand.events()[-2:] == ["observing", "promoted"]
    found = status(stand.host)
    assert found.observing is not None
    assert found.observing.tag == str(second)
    assert found.drift == []
    watched = observe(watching(stand), 0.0)
    load.stop()
    assert watched.verdict == "healthy"
    assert watched.release.requests >= 100
    assert stand.events()[-1] == "observed"
    assert status(stand.host).observing is None


def test_observe_gives_the_traffic_back_when_an_interrupted_window_ends_badly(
    stand: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = stand.proved("1.0.0")
    promote(stand.host, first)
    load = loaded(stand)
    interrupted(stand, monkeypatch, stand.proved("2.0.0", fails_every=5))
    with pytest.raises(RolledBackError, match=f"{first} has the traffic again") as raised:
        observe(watching(stand), 0.0)
    load.stop()
    assert raised.value.exit_code == 5
    assert live(stand) == str(first)
    assert stand.events()[-4:] == ["observed", "rolling-back", "pointed", "rolled-back"]
    assert "requests failed" in last(stand, "rolled-back").reason


def test_a_window_whose_time_is_over_is_judged_by_what_the_log_has(
    stand: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(stand.host, stand.proved("1.0.0"))
    load = loaded(stand)
    interrupted(stand, monkeypatch, stand.proved("2.0.0"))
    load.wait_for(200, within=60)
    wait_until(lambda: (found := status(stand.host).observing) is not None and found.left_seconds <= 0)
    load.stop()
    log = stand.host.paths.access_log
    log.rename(log.with_name("access.log.1"))  # rotated meanwhile
    stand.said.clear()
    assert observe(watching(stand), 0.0).verdict == "healthy"
    assert not any("s to go" in words or "waiting" in words for words in stand.said)


def test_a_promote_killed_while_it_was_watched_is_live_with_an_open_window(
    stand: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(stand.host, stand.proved("1.0.0"))
    second = stand.proved("2.0.0")

    def kill(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(watch, "judge", kill)
        patched.setattr("relctl.rollout.switch.undo", kill)  # a process that was killed undoes nothing
        with pytest.raises(KilledError):
            promote(watching(stand), second)
    assert stand.events()[-1] == "observing"
    assert promote(stand.host, second) is None
    assert live(stand) == str(second)
    assert stand.events()[-1] == "promoted"
    assert status(stand.host).observing is not None
    assert any("relctl observe continues it" in words for words in stand.said)


@pytest.mark.slow
def test_a_promote_killed_before_it_watched_is_left_to_observe(stand: Bench) -> None:
    promote(stand.host, stand.proved("1.0.0"))
    load = loaded(stand)
    second = stand.proved("2.0.0")
    switched = time.time()
    stand.killed_promote(second, observe=WINDOW)
    killed = time.time()
    assert promote(stand.host, second) is None
    assert stand.events()[-2:] == ["observing", "promoted"]
    window = status(stand.host).observing
    assert window is not None
    assert switched - 0.1 <= window.since <= killed  # the kernel's time of files is some milliseconds behind
    watched = observe(watching(stand), 0.0)
    load.stop()
    assert watched.verdict == "healthy"
    assert watched.reference is not None
    assert status(stand.host).observing is None


@pytest.mark.parametrize("command", ["promote", "observe"])
def test_a_promote_killed_when_it_was_refused_is_undone_and_not_finished(stand: Bench, command: str) -> None:
    first = stand.proved("1.0.0")
    promote(stand.host, first)
    second = stand.proved("2.0.0")
    move = stand.killed_promote(second, observe=WINDOW)
    window = Window(move.tag, move.image_id, move.to_slot, move.from_slot, time.time(), WINDOW)
    stand.host.ledger.append(window.opened())
    stand.host.ledger.append(window.closed("unhealthy: planted", accepted=False))
    if command == "promote":
        assert promote(stand.host, first) is None
    else:
        with pytest.raises(UsageError, match="no window is open"):
            observe(stand.host, 0.0)
    assert live(stand) == str(first)
    assert stand.events()[-2:] == ["observed", "aborted"]
    assert any("may not keep it: unhealthy: planted" in words for words in stand.said)
    assert status(stand.host).drift == []


def test_an_observe_killed_when_it_had_refused_is_gone_on_with(stand: Bench) -> None:
    first, second = stand.proved("1.0.0"), stand.proved("2.0.0")
    promote(stand.host, first)
    promote(stand.host, second)
    window = Window(str(second), "sha256:2.0.0", "green", "blue", time.time() - WINDOW, WINDOW)
    stand.host.ledger.append(window.opened())
    stand.host.ledger.append(window.closed("not enough traffic", accepted=False))
    with pytest.raises(RolledBackError, match=f"{first} has the traffic again"):
        observe(watching(stand, wait_at_most=0.0), 0.0)
    assert live(stand) == str(first)


@pytest.fixture
def refused(stand: Bench) -> Tag:
    """2 is live, 1 stands by, and an observe that refused 2 was killed before it gave anything back."""
    for version in ("1.0.0", "2.0.0"):
        promote(stand.host, stand.proved(version))
    window = Window("v2.0.0-abc12de", "sha256:2.0.0", "green", "blue", time.time() - WINDOW, WINDOW)
    stand.host.ledger.append(window.opened())
    stand.host.ledger.append(window.closed("unhealthy: planted", accepted=False))
    return Tag("2.0.0", "abc12de")


def test_what_cannot_be_given_back_is_told_by_its_verdict(stand: Bench, refused: Tag) -> None:
    stand.engine.remove(slot_container(stand.host.project, "blue"))
    stand.engine.forget("svc:v1.0.0-abc12de")
    with pytest.raises(NeedsPersonError, match=rf"{refused} is .*\nand still has the traffic: the image"):
        observe(watching(stand, wait_at_most=0.0), 0.0)
    assert live(stand) == str(refused)


def test_an_engine_that_fails_keeps_no_traffic_with_a_bad_release(
    stand: Bench, refused: Tag, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_name: str) -> None:
        raise EngineError("the engine does not answer in time")

    def watched(*_arguments: Any) -> Any:
        monkeypatch.setattr(stand.engine, "container", fail)
        return Watched("unhealthy", False, Figures(9, 9), None, ("planted",), WINDOW)

    with pytest.raises(RolledBackError, match=rf"{refused} is unhealthy: planted\nv1.0.0-abc12de has the"):
        observe(replace(watching(stand), watch=watched), 0.0)
    monkeypatch.undo()
    assert live(stand) == "v1.0.0-abc12de"


def test_a_live_that_a_hand_removed_meanwhile_is_live_still_and_loses_its_traffic(
    stand: Bench, refused: Tag, monkeypatch: pytest.MonkeyPatch
) -> None:
    def removed(*_arguments: Any) -> Any:
        stand.engine.remove(slot_container(stand.host.project, "green"))
        return Watched("unhealthy", False, Figures(9, 9), None, ("planted",), WINDOW)

    with pytest.raises(RolledBackError, match=rf"{refused} is unhealthy: planted\nv1"):
        observe(replace(watching(stand), watch=removed), 0.0)
    assert live(stand) == "v1.0.0-abc12de"


def test_a_promote_over_what_was_refused_says_so(stand: Bench, refused: Tag) -> None:
    promote(stand.host, stand.proved("3.0.0"))
    assert any(f"{refused} is live though its window refused it (unhealthy" in each for each in stand.said)


def test_a_rollback_closes_the_window_of_what_it_takes_back(
    stand: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(stand.host, stand.proved("1.0.0"))
    interrupted(stand, monkeypatch, stand.proved("2.0.0"))
    rollback(stand.host, None)
    assert status(stand.host).observing is None


def test_observe_without_a_window_reports_and_changes_nothing(stand: Bench) -> None:
    promote(stand.host, stand.proved("1.0.0"))
    bad = stand.proved("2.0.0", fails_every=5)
    promote(stand.host, bad)
    events, load = stand.events(), loaded(stand, 0.1)
    with pytest.raises(UnhealthyError, match="is unhealthy") as raised:
        observe(watching(stand), 60.0)  # ended by the harm: a busy machine has few requests in a short one
    load.stop()
    assert raised.value.exit_code == 3
    assert live(stand) == str(bad)
    assert stand.events() == events


def test_observe_without_a_window_ends_at_its_time_without_traffic_too(stand: Bench) -> None:
    promote(stand.host, stand.proved("1.0.0"))
    watched = observe(watching(stand), 0.5)
    assert (watched.verdict, watched.seconds < 30) == ("not enough traffic", True)


def test_observe_needs_something_that_is_live_and_a_time(stand: Bench) -> None:
    with pytest.raises(UsageError, match="nothing is live"):
        observe(stand.host, 1.0)
    promote(stand.host, stand.proved("1.0.0"))
    with pytest.raises(UsageError, match="no window is open") as raised:
        observe(stand.host, 0.0)
    assert "--for" in raised.value.hint


def test_who_moves_the_pointer_by_hand_ends_the_watching(
    stand: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(stand.host, stand.proved("1.0.0"))
    second = stand.proved("2.0.0")
    interrupted(stand, monkeypatch, second, observe=60.0)
    move = stand.host.proxy.pointer.move

    def moved(words: str) -> None:
        if "s to go" in words:
            move("blue")

    host = watching(stand)
    object.__setattr__(host, "say", moved)
    with pytest.raises(UsageError, match="lost the traffic during observation: the pointer leads to blue"):
        observe(host, 0.0)


def test_an_environment_that_says_nothing_watches_nothing(stand: Bench) -> None:
    moved = promote(stand.host, stand.proved("1.0.0"))
    assert moved is not None
    assert moved.observed is None
    assert "observing" not in stand.events()
