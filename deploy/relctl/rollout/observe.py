"""Continue an interrupted window, or observe the live release."""

import time

from relctl.errors import (
    NeedsPersonError,
    RelctlError,
    RolledBackError,
    TakenBackError,
    UnhealthyError,
    UsageError,
    way_out,
    words_of,
)
from relctl.observation.watch import Watched
from relctl.observation.window import Window, last_baseline, open_window
from relctl.proxy.pointer import main_slot
from relctl.rollout.host import Host
from relctl.rollout.locking import exclusive_unobserved, lock_released
from relctl.rollout.reconcile import reconcile_from
from relctl.rollout.rollback import roll_back
from relctl.rollout.snapshot import Snapshot, snapshot_at_once
from relctl.rollout.watching import watch_window
from relctl.state.steps import LOOKS


def observe(host: Host, seconds: float) -> Watched:
    """Continue the open window of the live release, or observe it for `seconds` if none is open.

    The result of an open window is recorded. If the release is not accepted, traffic returns to the standby
    and RolledBackError is raised. Raises NeedsPersonError if no release can take it, TakenBackError if
    another command was first. Without an open window nothing changes; raises UnhealthyError. Raises
    LockedError while another process observes.
    """
    with exclusive_unobserved(host):
        snapshot = reconcile_from(host, snapshot_at_once(host)).snapshot
        window = open_window(snapshot.history)
        if window is not None:
            return _go_on(host, window)
    return _look_at(host, _window_from_now(host, snapshot, seconds))


def _go_on(host: Host, window: Window) -> Watched:
    host.say(f"continuing the window of {window.tag}: {window.left(time.time()):.0f} s are left")
    host.steps.reach(
        "observe",
        f"watch {window.tag} until the {window.seconds:g} s of its window are over",
        "give the traffic back to the standby",
    )
    with lock_released(host, window.tag, window.image_id):
        watched = watch_window(host, window, host.project.environment.rollout)
    _settle(host, window, watched)
    return watched


def _look_at(host: Host, window: Window) -> Watched:
    host.steps.reach_for_good(
        "observe", f"watch {window.tag} for {window.seconds:g} s and report the result", LOOKS
    )
    policy = host.project.environment.rollout
    # Nothing depends on the answer, so it is given after `seconds` and never waits for more traffic.
    watched = watch_window(host, window, policy.model_copy(update={"wait_at_most": 0.0, "until": None}))
    if watched.verdict == "unhealthy":
        raise UnhealthyError(
            f"{window.tag} is unhealthy: {'; '.join(watched.reasons)}",
            "relctl rollback, if users are affected",
        )
    return watched


def _window_from_now(host: Host, snapshot: Snapshot, seconds: float) -> Window:
    container = snapshot.container(snapshot.live)
    if container is None:
        raise UsageError("nothing is live, so there is nothing to observe", "relctl promote TAG")
    if not seconds:
        raise UsageError(
            "no window is open, and this environment has no rollout.observe", "relctl observe --for 30s"
        )
    before = last_baseline(snapshot.history, container.image_id)
    tag, image_id, live = snapshot.live_tag, container.image_id, snapshot.live
    return Window(tag, image_id, live, snapshot.idle, time.time(), seconds, before, host.log_mark())


def _settle(host: Host, window: Window, watched: Watched) -> None:
    """Record the result of a window, and return the traffic if it was refused."""
    if watched.accepted:
        _close(host, window, watched)
        return
    host.say(f"{window.tag} is {watched.words}")
    host.ledger.tolerate(host.say)  # users wait for the rollback
    raise RolledBackError(
        f"{window.tag} is {watched.words}\n{_give_back(host, window, watched)} has the traffic again",
        "relctl history says what was done",
    )


def _close(host: Host, window: Window, watched: Watched) -> None:
    """Record the result; raises TakenBackError if its release is no longer live."""
    snapshot = snapshot_at_once(host)
    container = snapshot.container(snapshot.live)  # None if renamed manually: still live
    if snapshot.live != window.slot or (container and container.image_id != window.image_id):
        raise TakenBackError(f"{window.tag} is not live any more", "relctl history says who switched")
    words = f"write to the ledger how the window of {window.tag} ended"
    host.steps.reach_for_good("record", words, "it has ended")
    host.ledger.note(window.closed(watched.words, **watched.as_json()))


def _give_back(host: Host, window: Window, watched: Watched) -> str:
    """Roll back and return the tag that has the traffic; raises NeedsPersonError on failure."""
    try:
        _close(host, window, watched)
        moved = roll_back(host, None, watched.words)
        if moved is None:
            raise UsageError("there is no other release to take it", "relctl releases")
    except TakenBackError:
        raise
    except (RelctlError, OSError) as error:
        kept = "and still has the traffic: " if main_slot(host.proxy.pointer.read()) == window.slot else ""
        raise NeedsPersonError(
            f"{window.tag} is {watched.words}\n{kept}{words_of(error)}", way_out(error) or "relctl status"
        ) from error
    return moved.tag
