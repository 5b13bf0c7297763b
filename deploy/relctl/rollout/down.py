"""Down: stop everything that runs for one environment, the proxy first."""

from relctl.engine.slots import TRIAL_ROLES, labels, network
from relctl.proxy.door import Proxy
from relctl.rollout.alone import alone_unwatched, nobody_watching, reach_lock
from relctl.rollout.host import Host
from relctl.state.event import Event
from relctl.state.lock import Hold
from relctl.state.paths import Paths
from relctl.state.steps import Steps

_AGAIN = "relctl promote makes it again"


def down(host: Host) -> list[str]:
    """Stop Nginx (its requests finish), then the slots, then remove the network; returns what ran.

    Raises UsageError, and stops nothing, where the slots belong to another checkout.
    """
    with alone_unwatched(host), host.hold(host.paths.verify_lock):
        running = [container for container in host.slots().values() if container is not None]
        for role in TRIAL_ROLES:
            running += host.engine.containers(labels(host.project, role))
        stopped = []
        if host.project.environment.proxy.mode == "managed" and stop_proxy(host.proxy, host.steps):
            stopped.append("nginx")
        for container in running:
            host.steps.reach_for_good(
                "remove", f"stop {container.name} when its requests are done, and remove it", _AGAIN
            )
            host.engine.remove(container.name)
            stopped.append(container.name)
        host.steps.reach_for_good("network", f"remove the network {network(host.project).name}", _AGAIN)
        host.engine.remove_network(network(host.project).name)
        if stopped:
            host.steps.reach_for_good("record", "write stopped to the ledger", "it is the last one")
            host.ledger.append(Event("stopped", reason=", ".join(stopped)))
        return stopped


def down_proxy(proxy: Proxy, paths: Paths, hold: Hold, steps: Steps) -> bool:
    """Stop the managed Nginx alone, as `relctl proxy down` does; needs no engine. Returns whether it ran."""
    reach_lock(paths, steps)
    with nobody_watching(hold, paths), hold(paths.lock):
        return stop_proxy(proxy, steps)


def stop_proxy(proxy: Proxy, steps: Steps) -> bool:
    """Stop the managed Nginx, its requests finished; returns whether it ran."""
    proxy.insist_on_managed()
    if proxy.is_up():
        words = "stop Nginx when its requests are done: the service is out of reach then"
        steps.reach_for_good("proxy", words, "relctl proxy up starts it again")
    return proxy.down()
