"""Canary steps: a part of the traffic for the new release, and both pools compared over the same time."""

import time
from dataclasses import replace

from relctl.engine.protocol import Container
from relctl.engine.slots import TAG
from relctl.errors import UsageError
from relctl.probe.service import Service
from relctl.proxy.access_log import AccessLog
from relctl.proxy.route import Canary
from relctl.rollout.figures import beside, figures
from relctl.rollout.host import Host
from relctl.rollout.judgement import Compared
from relctl.rollout.prove import OtherReleaseError, prove
from relctl.rollout.traffic import Tally
from relctl.rollout.watch import Watch, Watched, watch
from relctl.rollout.window import Window


def canary_steps(host: Host, meant: Window, percents: tuple[int, ...], container: Container) -> None:
    """Give the release more and more of the traffic, as long as the policy accepts what is seen.

    The undo of each step is that of the switch, `put_traffic_back`. Raises UnhealthyError.
    """
    for percent in percents:
        route = Canary(meant.slot, percent)
        window = replace(meant, since=time.time())
        milliseconds = host.proxy.pointer.move(route.name)
        host.ledger.append(window.pointed(percent))
        host.say(f"{percent} % go to {meant.tag} in {meant.slot} (pointer moved in {milliseconds:.2f} ms)")
        _prove(host, window, container)
        watched = _watch(host, window, route)
        host.ledger.append(window.closed(watched.words, percent=percent, **watched.as_json()))
        watched.insist()
        host.say(f"with {percent} % {watched.words}")


def _prove(host: Host, window: Window, container: Container) -> None:
    """Prove who is in the slot through its own address: through Nginx either of the two may answer."""
    prove(host, container)
    source = host.slot(window.source)
    known = {window.tag, source.labels.get(TAG, "") if source else ""}
    found = Service(host.project.environment.proxy.listen, host.project.versions.contract).info().get("tag")
    if found not in known:
        raise OtherReleaseError(f"in the canary Nginx is answered by {found}, which is neither release")


def _watch(host: Host, window: Window, route: Canary) -> Watched:
    def compare(tally: Tally) -> Compared:
        ours, theirs = tally.sides(window.slot, window.source)
        return Compared(figures(ours), figures(theirs), beside(ours, theirs))

    def interest() -> None:
        if host.proxy.pointer.read() != route.name:
            raise UsageError("the pointer was moved by hand while the canary was watched", "relctl status")

    what = Watch(f"{window.tag} with {route.percent} %", window.seconds, 0.0, compare, interest)
    with AccessLog(host.paths.access_log, window.since) as log:
        return watch(log, what, host.project.environment.rollout, host.say)
