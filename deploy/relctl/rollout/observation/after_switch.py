"""What an observation is: a release that has the traffic, held against what the one before did."""

import time
from dataclasses import replace

from relctl.config.environment import Rollout
from relctl.errors import UsageError
from relctl.rollout.host import Host
from relctl.rollout.observation import verdict
from relctl.rollout.observation.apart import apart
from relctl.rollout.observation.figures import Figures, after, figures
from relctl.rollout.observation.judgement import Compared
from relctl.rollout.observation.traffic import Tally
from relctl.rollout.observation.watch import Watch, Watched
from relctl.rollout.observation.window import Window

_BASELINE = 300.0  # seconds before a switch at most; a longer past is no better, and takes time to read


def baseline(host: Host, pool: str, until: float, seconds: float) -> Figures | None:
    """What a pool did before `until`, None where that is too little to hold anything against."""
    with host.access_log(until - min(seconds, _BASELINE)) as log:
        tally = Tally()
        tally.add(request for request in log.read() if request.ended < until)
    found = figures(tally.sides(pool)[0])
    return found if found.decides else None


def watch_window(host: Host, window: Window, policy: Rollout) -> Watched:
    """Watch what is left of a window; raises UsageError when the release is not live any more."""

    def compare(tally: Tally) -> Compared:
        release, before = figures(tally.sides(window.slot)[0]), window.baseline
        return Compared(release, before, after(release, before) if before else None)

    def interest() -> None:
        pointer = host.proxy.pointer.read()
        if pointer != window.slot:
            raise UsageError(
                f"{window.tag} has lost the traffic while it was watched:"
                f" the pointer leads to {pointer or 'nothing'}",
                "relctl history says who switched",
            )

    passed = window.seconds - window.left(time.time())
    what = Watch(window.tag, window.seconds, passed, compare, interest)
    with host.access_log(window.since) as log:
        return host.watch(log, what, policy, host.say)


def with_baseline(host: Host, window: Window) -> Window:
    """Return a window with what the release before did until it began; a busy log takes seconds to read."""
    before = baseline(host, window.source, window.since, window.seconds) if window.source else None
    return replace(window, baseline=before)


def observe_switch(host: Host, meant: Window) -> Watched | BaseException:
    """Watch a release that was just switched to, the lock let go of meanwhile.

    Raises UnhealthyError unless the policy accepts it, TakenBackError when somebody took it back.

    Whoever interrupts only the watching leaves the release live: that is returned, to be raised when it is
    written down, and the window stays open for `relctl observe`.
    """
    with apart(host, meant.tag, meant.image_id):
        window = with_baseline(host, meant)
    host.ledger.append(window.opened())
    host.say(f"watching {window.tag} for {window.seconds:g} s; if interrupted, relctl observe goes on")
    try:
        with apart(host, window.tag, window.image_id):
            watched = watch_window(host, window, host.project.environment.rollout)
    except BaseException as interruption:
        by_signal = not isinstance(interruption, Exception)
        if by_signal and host.turn.held:  # else a second one ended the waiting for the lock
            return interruption
        raise
    verdict.take(host, window, watched)
    host.say(watched.words)
    return watched
