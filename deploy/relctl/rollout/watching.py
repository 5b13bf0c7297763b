"""Observe a release with traffic: as a canary beside the previous one, after the switch against it."""

import time
from collections.abc import Sequence
from dataclasses import replace
from math import inf
from typing import Any

from relctl.config.environment import Rollout
from relctl.engine.labels import TAG
from relctl.engine.protocol import Container
from relctl.errors import UsageError, words_of
from relctl.observation.figures import Figures, figures, p95, with_error
from relctl.observation.judge import Compared, compare_after, compare_beside
from relctl.observation.tally import Tally, Terms, standing_gateway
from relctl.observation.watch import Watch, Watched
from relctl.observation.window import Window, taken_over
from relctl.proxy.access_log_line import Request, client_of
from relctl.proxy.pointer import Canary
from relctl.rollout.failover import ask
from relctl.rollout.host import Host
from relctl.rollout.locking import insist_on_route, lock_released
from relctl.rollout.prove import OtherReleaseError, prove

_LATELY = 300.0  # seconds before a switch, or the window's length if shorter
_FEW = 20_000  # requests; with fewer recent ones, older ones are used
_OLDEST = 12 * 3600.0  # seconds; load differs by time of day
_MOST = 24 * 1024**2  # bytes of the log; the switch waits for this read


def canary_step(host: Host, window: Window, percent: int, container: Container) -> None:
    """Give the release `percent` of the traffic until the policy decides.

    The undo is that of the switch, `put_traffic_back`. Raises UnhealthyError unless the policy accepts it,
    TakenBackError when another command rolled it back meanwhile.
    """
    route = Canary(window.slot, percent)
    milliseconds = host.proxy.pointer.move(route.name)
    host.ledger.append(window.pointed(percent))
    host.say(f"{percent} % go to {window.tag} in {window.slot} (pointer moved in {milliseconds:.2f} ms)")
    _prove(host, window, container)
    watched = _watch(host, window, route)
    record_verdict(host, window, watched, percent=percent)
    host.say(f"with {percent} % {watched.words}")


def _prove(host: Host, window: Window, container: Container) -> None:
    """Prove the slot's release at its own address: through Nginx either release may answer."""
    prove(host, container)
    source = host.slot(window.source)
    known = {window.tag, source.labels.get(TAG, "") if source else ""}
    found = ask(host, source, container)
    if found.tag not in known:
        said = found.tag or found.problem
        raise OtherReleaseError(f"during the canary {said} answers through Nginx, which is neither release")


def _watch(host: Host, window: Window, route: Canary) -> Watched:
    policy = host.project.environment.rollout

    def compare(tally: Tally) -> Compared:
        return compare_beside(tally, window.slot, window.source, policy, known.baseline)

    def interest() -> None:
        if host.proxy.pointer.read() != route.name:
            raise UsageError("the pointer was moved manually during the canary", "relctl status")

    what = Watch(f"{window.tag} with {route.percent} %", window.seconds, 0.0, compare, interest)
    with host.access_log(window.since, window.mark) as log, lock_released(host, window.tag, window.image_id):
        known = with_baseline(host, window)
        watched = host.watch(log, what, policy, host.say)
    insist_on_route(host, window.tag, route.name)
    return watched


def observe_switch(host: Host, meant: Window) -> Watched | BaseException:
    """Observe a release after the switch, with the lock released meanwhile.

    Raises UnhealthyError unless the policy accepts it, TakenBackError when another command rolled it back.

    A signal during observation leaves the release live. The interruption is returned, to be raised once the
    move is recorded; the window stays open for `relctl observe`.
    """
    with lock_released(host, meant.tag, meant.image_id):
        window = with_baseline(host, meant)
    host.ledger.append(window.opened())
    host.say(f"watching {window.tag} for {window.seconds:g} s; if interrupted, relctl observe continues")
    try:
        with lock_released(host, window.tag, window.image_id):
            watched = watch_window(host, window, host.project.environment.rollout)
    except BaseException as interruption:
        by_signal = not isinstance(interruption, Exception)
        if by_signal and host.turn.held:  # else a second signal ended the wait for the lock
            return interruption
        raise
    insist_on_route(host, window.tag, window.slot)
    record_verdict(host, window, watched)
    host.say(watched.words)
    return watched


def watch_window(host: Host, window: Window, policy: Rollout) -> Watched:
    """Observe the rest of a window; raises UsageError when the release is no longer live."""

    def compare(tally: Tally) -> Compared:
        return compare_after(tally, window.slot, window.baseline, policy)

    def interest() -> None:
        pointer = host.proxy.pointer.read()
        if pointer != window.slot:
            raise UsageError(
                f"{window.tag} lost the traffic during observation:"
                f" the pointer leads to {pointer or 'nothing'}",
                "relctl history says who switched",
            )

    passed = window.seconds - window.left(time.time())
    what = Watch(window.tag, window.seconds, passed, compare, interest)
    with host.access_log(window.since, window.mark) as log:
        return host.watch(log, what, policy, host.say)


def record_verdict(host: Host, window: Window, watched: Watched, **details: Any) -> None:
    """Record an observation's result; raises UnhealthyError unless the policy accepts it.

    A refused release loses the traffic even if that cannot be recorded. Raises OSError if an accepted one
    could not be recorded.
    """
    try:
        host.ledger.append(window.closed(watched.words, **details, **watched.as_json()))
    except OSError as error:
        if watched.accepted:
            raise
        host.say(f"the verdict could not be recorded: {words_of(error)}")
    watched.insist()


def with_baseline(host: Host, window: Window) -> Window:
    """Return a window with what the previous release did before it; a busy log takes seconds to read."""
    return replace(window, baseline=baseline(host, window)) if window.source else window


def baseline(host: Host, window: Window) -> Figures | None:
    """Return what the previous release did until a window began; None if that is too little to compare.

    The log is read from where that release took over to where it ended then, whatever the clock did.
    """
    start = taken_over(host.ledger.salvage().history.pointed.get(window.source))
    logged = host.logged(window.mark, start, _MOST)
    theirs = [each for each in logged if each.pool == window.source and each.asked]
    of_half_a_day = [(age, each) for age, each in _aged(theirs) if age < _OLDEST]
    lately = sum(age < min(window.seconds, _LATELY) for age, _ in of_half_a_day)
    tally = Tally()
    tally.add(each for _, each in of_half_a_day[-max(lately, _FEW) :])
    answered = [(age, client_of(each.client)) for age, each in of_half_a_day if not each.gone]
    gateway = standing_gateway(answered)
    [everybody] = tally.sides(window.source)
    [side] = tally.sides(window.source, terms=Terms(slow=p95(everybody) or inf, gateway=gateway))
    found = replace(with_error(figures(side), side), gateway=gateway)
    return found if found.decides else None


def _aged(requests: Sequence[Request]) -> list[tuple[float, Request]]:
    """Return requests with their age relative to the newest; negative where a clock was set back."""
    return [(requests[-1].ended - each.ended, each) for each in requests]
