"""Run a canary step: give a release a share of the traffic, and compare both pools over the same time."""

from relctl.engine.labels import TAG
from relctl.engine.protocol import Container
from relctl.errors import UsageError
from relctl.proxy.route import Canary
from relctl.rollout.host import Host
from relctl.rollout.moving.prove import OtherReleaseError, prove
from relctl.rollout.observation import verdict
from relctl.rollout.observation.after_switch import with_baseline
from relctl.rollout.observation.apart import apart, insist_on_route
from relctl.rollout.observation.compared import Compared, compare_beside
from relctl.rollout.observation.traffic import Tally
from relctl.rollout.observation.watch import Watch, Watched
from relctl.rollout.observation.window import Window
from relctl.rollout.standing_in import ask


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
    verdict.take(host, window, watched, percent=percent)
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
    with host.access_log(window.since, window.mark) as log, apart(host, window.tag, window.image_id):
        known = with_baseline(host, window)
        watched = host.watch(log, what, policy, host.say)
    insist_on_route(host, window.tag, route.name)
    return watched
