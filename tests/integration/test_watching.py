"""A second operator while a promote watches for half an hour, on the real engine and under load."""

import contextlib
import re
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest

from client_load import Load, Settled, failed, stale
from scratch import RELCTL
from watcher import Stand, ended, listen, paused, watcher_stand

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]

SOON = 30.0  # seconds for a whole rollback that starts the standby before again; the window has 1,800


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    with watcher_stand() as made:
        yield made


def assert_taken_back(stand: Stand, standby: str = "") -> None:
    """The second release has everything, the standby before is back, and the ledger says who did it."""
    found = stand.project.json("status")
    assert (found["live"]["tag"], found["standby"]["tag"]) == (stand.second, standby or stand.first)
    assert (found["live"]["health"], found["standby"]["health"]) == ("ready", "ready")
    assert (found["drift"], found["at_work"], found["watching"], found["observing"]) == ([], "", "", None)
    names = [event["event"] for event in stand.since_promoting()]
    assert names.count("aborted") == 1
    assert not {"promoted", "rolled-back", "repaired"} & set(names)
    assert stand.notified() == [("aborted", stand.third)]


@pytest.mark.parametrize("phase", ["canary", pytest.param("window", marks=pytest.mark.slow)])
def test_a_rollback_does_not_wait_for_who_watches(stand: Stand, phase: str) -> None:
    stand.settle()
    load = Load(stand.project.listen, "/translate", {"text": "x"}, connections=8, pause=0.005).start()
    load.wait_for(50, within=20)
    with stand.watching(phase) as watcher:
        load.wait_for(50, within=20)
        began = time.monotonic()
        done = stand.project.ok("rollback", "--reason", "wrong prices")
        took, since = time.monotonic() - began, time.monotonic()
        code, words = ended(watcher)
    load.wait_for(100, within=20)
    samples = load.stop()
    moved = re.search(r"([\d.]+) s  \S+ has all traffic again", done.stderr)
    assert moved is not None, done.stderr
    print(f"rollback from a {phase}: traffic after {moved[1]} s, whole process {took:.3f} s")
    assert float(moved[1]) < 3.0
    assert took < SOON
    assert failed(samples) == []
    assert stale(samples, [Settled(stand.second, since, float("inf"))]) == []
    assert {sample.release for sample in samples} == {stand.second, stand.third}
    assert done.stdout == f"{stand.second} is live in {live_slot(stand)}; {stand.first} stands by\n"
    assert code == 5, words
    assert f"{stand.third} was rolled back during observation: aborted by " in words
    assert f"ended by a rollback: wrong prices\n  | {stand.second} is live\n" in words
    assert_taken_back(stand)


def live_slot(stand: Stand) -> str:
    slot: str = stand.project.json("status")["live"]["slot"]
    return slot


@pytest.mark.parametrize("phase", [pytest.param("canary", marks=pytest.mark.slow), "window"])
def test_what_others_may_do_while_somebody_watches(stand: Stand, phase: str) -> None:
    stand.settle()
    project = stand.project
    with stand.watching(phase) as watcher:
        for words in (("history",), ("releases",), ("pin", stand.first), ("unpin", stand.first)):
            project.ok(*words)
        assert project.json("prune")["removed"] == []
        assert project.json("proxy", "up")["change"] == "unchanged"
        for words in (("promote", stand.first), ("observe",), ("down",), ("promote", stand.third)):
            told = project.refused(4, *words)
            assert f"(pid {watcher.pid}) runs `relctl promote {stand.third}" in told
            assert "relctl rollback" in told
        assert "after 0 s of waiting" in project.refused(4, "promote", stand.first, "--wait", "200ms")
        found = project.json("status")
        assert f"(pid {watcher.pid}) runs `relctl promote {stand.third}" in found["watching"]
        assert (found["drift"], found["at_work"], watcher.poll()) == ([], "", None)
        plan = ["lock", "take-back", "prove-live", "notify"]
        project.refused(2, "rollback", "v9.9.9-abc12de")
        assert project.json("status")["pointer"] == found["pointer"]
        assert [step["name"] for step in project.json("rollback", "--dry-run")] == plan
        project.ok("rollback")
        assert ended(watcher)[0] == 5
    assert_taken_back(stand)


@pytest.mark.slow
@pytest.mark.parametrize("phase", ["canary", "window"])
def test_a_rollback_after_the_watcher_was_killed_leads_to_the_same_release(stand: Stand, phase: str) -> None:
    stand.settle()
    load = Load(stand.project.listen, "/translate", {"text": "x"}, connections=4, pause=0.005).start()
    with stand.watching(phase) as watcher:
        watcher.kill()
        watcher.wait()
        assert stand.project.json("status")["watching"] == ""
        stand.project.ok("rollback")
    load.wait_for(20, within=20)
    assert failed(load.stop()) == []
    found = stand.project.json("status")
    assert (found["live"]["tag"], found["drift"], found["observing"]) == (stand.second, [], None)


@pytest.mark.slow
def test_to_another_release_the_promote_is_taken_back_first(stand: Stand) -> None:
    stand.settle(standby=stand.slow)
    stand.settle()  # the slow one is retained, and in no slot
    with stand.watching("window") as watcher:
        done = stand.project.ok("rollback", stand.slow)
        assert ended(watcher)[0] == 5
    assert done.stdout.startswith(f"{stand.slow} is live in ")
    names = [event["event"] for event in stand.since_promoting()]
    assert names[-4:] == ["aborted", "rolling-back", "pointed", "rolled-back"]
    assert stand.notified() == [("aborted", stand.third), ("rolled-back", stand.slow)]


def rolling_back(stand: Stand) -> "subprocess.Popen[str]":
    """Begin a rollback whose standby takes seconds to come back, and wait until it has the lock."""
    process = subprocess.Popen(
        [str(RELCTL), "rollback"],
        cwd=stand.project.root,
        env=stand.project.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    stand.wait_until(lambda found: f"pid {process.pid})" in found["at_work"])
    return process


@pytest.mark.slow
def test_of_two_rollbacks_at_once_one_is_done_and_the_other_told(stand: Stand) -> None:
    stand.settle(standby=stand.slow)
    with stand.watching("window") as watcher, rolling_back(stand) as one:
        with paused(one):  # so that it has not ended before the other one comes
            told = stand.project.refused(4, "rollback")
        assert f"(pid {one.pid}) runs `relctl rollback`" in told
        assert ended(one)[0] == 0
        assert ended(watcher)[0] == 5
    assert_taken_back(stand, standby=stand.slow)


@pytest.mark.slow
@pytest.mark.parametrize("phase", ["canary", "window"])
def test_who_interrupts_the_watcher_during_a_rollback_undoes_nothing_more(stand: Stand, phase: str) -> None:
    stand.settle(standby=stand.slow)
    with stand.watching(phase) as watcher, rolling_back(stand) as one:
        watcher.send_signal(signal.SIGINT)
        assert ended(one)[0] == 0
        code, words = ended(watcher)
    # It may wait for the rollback already, having seen the pointer: then that is all that was interrupted.
    assert (code, "ended by a rollback" in words) in ((5, True), (130, False)), words
    assert_taken_back(stand, standby=stand.slow)


def interrupted(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Press Ctrl-C until it ends; of two right behind each other the second is the same wish."""
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(1)
    return ended(process)


@pytest.mark.slow
def test_who_interrupts_the_watcher_twice_leaves_the_rest_to_the_rollback(stand: Stand) -> None:
    stand.settle(standby=stand.slow)
    with stand.watching("canary") as watcher:
        with paused(watcher):  # so that the first signal finds it watching, not waiting already
            one = rolling_back(stand)
            watcher.send_signal(signal.SIGINT)
        with one:
            with paused(one):  # so that there is no end of it to wait for
                listen(watcher, "waiting, ")
                code, words = interrupted(watcher)
            assert ended(one)[0] == 0
    assert code == 130, words
    assert_taken_back(stand, standby=stand.slow)


@pytest.mark.slow
def test_a_killed_rollback_is_completed_by_who_watched(stand: Stand) -> None:
    stand.settle(standby=stand.slow)
    with stand.watching("window") as watcher, rolling_back(stand) as one:
        stand.wait_until(lambda found: found["live"]["tag"] == stand.second)
        one.kill()
        code, words = ended(watcher)
    assert code == 5, words
    assert_taken_back(stand, standby=stand.slow)
