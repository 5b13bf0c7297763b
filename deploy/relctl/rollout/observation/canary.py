"""A canary step: a part of the traffic for the new release, and both pools compared over the same time."""

from relctl.engine.protocol import Container
from relctl.engine.slots import TAG
from relctl.errors import UsageError
from relctl.proxy.route import Canary
from relctl.rollout.host import Host
from relctl.rollout.moving.prove import OtherReleaseError, prove
from relctl.rollout.observation import verdict
from relctl.rollout.observation.apart import apart
from relctl.rollout.observation.figures import beside, figures
from relctl.rollout.observation.judgement import Compared
from relctl.rollout.observation.traffic import Tally
from relctl.rollout.observation.watch import Watch, Watched
from relctl.rollout.observation.window import Window


def canary_step(host: Host, window: Window, percent: int, container: Container) -> None:
    """Give the release so much of the traffic until the policy has an answer.

    The undo is that of the switch, `put_traffic_back`. Raises UnhealthyError unless the policy accepts it,
    TakenBackError when somebody took it back meanwhile.
    """
    route = Canary(window.slot, percent)
    milliseconds = host.proxy.pointer.move(route.name)
    host.ledger.append(window.pointed(percent))
    host.say(f"{percent} % go to {window.tag} in {window.slot} (pointer moved in {milliseconds:.2f} ms)")
    _prove(host, window, container)
    watched = _watch(host, window, route)
    verdict.take(host, window, watched, percent=percent)
    host.say(f"with {percent} % {watched.words}")


def _prove(host: Host, window: Window, container: Container) -> None:
    """Prove who is in the slot through its own address: through Nginx either of the two may answer."""
    prove(host, container)
    source = host.slot(window.source)
    known = {window.tag, source.labels.get(TAG, "") if source else ""}
    found = host.service(host.project.environment.proxy.listen).info().get("tag")
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
    with host.access_log(window.since) as log, apart(host, window.tag, window.image_id):
        return host.watch(log, what, host.project.environment.rollout, host.say)
