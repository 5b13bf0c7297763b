"""Observe: go on with a window that was interrupted, or look at what is live."""

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
from relctl.proxy.route import main_slot
from relctl.rollout.alone import alone_unwatched
from relctl.rollout.host import Host
from relctl.rollout.moving.reconcile import reconcile
from relctl.rollout.observation.after_switch import watch_window
from relctl.rollout.observation.apart import apart
from relctl.rollout.observation.watch import Watched
from relctl.rollout.observation.window import Window, last_baseline, open_window
from relctl.rollout.rollback import roll_back
from relctl.rollout.situation import Situation, look
from relctl.state.steps import LOOKS


def observe(host: Host, seconds: float) -> Watched:
    """Go on with the open window of what is live, or watch it for `seconds` where none is open.

    Of an open window the end is written down, and what is not accepted loses the traffic to the standby:
    then it raises RolledBackError, NeedsPersonError if nothing can take it, and TakenBackError if somebody
    else was quicker. Without one nothing is changed, and it raises UnhealthyError. Raises LockedError while
    another process watches.
    """
    with alone_unwatched(host):
        situation = reconcile(host).situation
        window = open_window(situation.events)
        if window is not None:
            return _go_on(host, window)
    return _look_at(host, _window_from_now(situation, seconds))


def _go_on(host: Host, window: Window) -> Watched:
    host.say(f"going on with the window of {window.tag}: {window.left(time.time()):.0f} s are left")
    host.steps.reach(
        "observe",
        f"watch {window.tag} until the {window.seconds:g} s of its window are over",
        "give the traffic back to the standby",
    )
    with apart(host, window.tag, window.image_id):
        watched = watch_window(host, window, host.project.environment.rollout)
    _settle(host, window, watched)
    return watched


def _look_at(host: Host, window: Window) -> Watched:
    host.steps.reach_for_good(
        "observe", f"watch {window.tag} for {window.seconds:g} s, and tell how it does", LOOKS
    )
    policy = host.project.environment.rollout
    # Nothing depends on the answer: who asked for so many seconds has it then, and need not wait for traffic.
    watched = watch_window(host, window, policy.model_copy(update={"wait_at_most": 0.0}))
    if watched.verdict == "unhealthy":
        raise UnhealthyError(
            f"{window.tag} is unhealthy: {'; '.join(watched.reasons)}", "relctl rollback, if users suffer"
        )
    return watched


def _window_from_now(situation: Situation, seconds: float) -> Window:
    container = situation.container(situation.live)
    if container is None:
        raise UsageError("nothing is live, so there is nothing to observe", "relctl promote TAG")
    if not seconds:
        raise UsageError(
            "no window is open, and this environment has no rollout.observe", "relctl observe --for 30s"
        )
    before = last_baseline(situation.events, container.image_id)
    tag, image_id, live = situation.live_tag, container.image_id, situation.live
    return Window(tag, image_id, live, situation.idle, time.time(), seconds, before)


def _settle(host: Host, window: Window, watched: Watched) -> None:
    """Write down how a window ended, and give the traffic back if it did not end well."""
    if watched.accepted:
        _close(host, window, watched)
        return
    host.say(f"{window.tag} is {watched.words}")
    host.ledger.tolerate(host.say)  # users wait for what follows
    raise RolledBackError(
        f"{window.tag} is {watched.words}\n{_give_back(host, window, watched)} has the traffic again",
        "relctl history says what was done",
    )


def _close(host: Host, window: Window, watched: Watched) -> None:
    """Write down how it ended; raises TakenBackError if its release is not live any more."""
    situation = look(host)
    container = situation.container(situation.live)  # None where a hand renamed it: it is live still
    if situation.live != window.slot or (container and container.image_id != window.image_id):
        raise TakenBackError(f"{window.tag} is not live any more", "relctl history says who switched")
    words = f"write to the ledger how the window of {window.tag} ended"
    host.steps.reach_for_good("record", words, "it has ended")
    host.ledger.note(window.closed(watched.words, **watched.as_json()))


def _give_back(host: Host, window: Window, watched: Watched) -> str:
    """Roll back, and return who has the traffic then; raises NeedsPersonError when that cannot be told."""
    try:
        _close(host, window, watched)
        moved = roll_back(host, None, watched.words)
        if moved is None:
            raise UsageError("nothing else is there to take it", "relctl releases")
    except TakenBackError:
        raise
    except (RelctlError, OSError) as error:
        kept = "and still has the traffic: " if main_slot(host.proxy.pointer.read()) == window.slot else ""
        raise NeedsPersonError(
            f"{window.tag} is {watched.words}\n{kept}{words_of(error)}", way_out(error) or "relctl status"
        ) from error
    return moved.tag
