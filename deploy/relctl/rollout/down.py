"""Down: stop everything that runs for one environment, the proxy first."""

from collections.abc import Sequence

from relctl.engine.protocol import Container
from relctl.engine.slots import TRIAL_ROLES, labels, network
from relctl.errors import NeedsPersonError, RelctlError, words_of
from relctl.proxy.door import Proxy
from relctl.rollout.alone import alone_unwatched, nobody_watching, reach_lock
from relctl.rollout.host import Host
from relctl.rollout.renamed import renamed
from relctl.rollout.situation import BEGUN, ENDED
from relctl.state.event import Event
from relctl.state.lock import Hold
from relctl.state.paths import Paths
from relctl.state.steps import Steps

_AGAIN = "relctl promote makes it again"


def down(host: Host) -> list[str]:
    """Stop Nginx (its requests finish), then the slots, then remove the network; returns what ran.

    Raises UsageError, and stops nothing, where the slots belong to another checkout; NeedsPersonError where
    something is stopped, and the rest is not, or that is not written down.
    """
    with alone_unwatched(host), host.hold(host.paths.verify_lock):
        running, stopped = _running(host), list[str]()
        try:
            _stop(host, running, stopped)
        except (RelctlError, OSError) as error:
            if not stopped:
                raise
            raise NeedsPersonError(
                f"stopped: {', '.join(stopped)}, then: {words_of(error)}",
                "mend that, then relctl down goes on",
            ) from error
        if stopped or _unwritten(host):
            _write_down(host, ", ".join(stopped) or "nothing ran any more")
        return stopped


def _running(host: Host) -> list[Container]:
    found = [container for container in host.slots().values() if container is not None]
    found += [each.container for each in renamed(host)]
    for role in TRIAL_ROLES:
        found += host.engine.containers(labels(host.project, role))
    return found


def _stop(host: Host, running: Sequence[Container], stopped: list[str]) -> None:
    """Stop the proxy first; `stopped` takes the name of each as soon as it has ended."""
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


def _unwritten(host: Host) -> bool:
    """Whether the ledger says that something runs, though nothing does: an earlier one found no room."""
    told = (*BEGUN.values(), *ENDED, "stopped")
    last = next((each for each in reversed(host.ledger.salvage().events) if each.event in told), None)
    return last is not None and last.event != "stopped"


def _write_down(host: Host, reason: str) -> None:
    host.steps.reach_for_good("record", "write stopped to the ledger", "it is the last one")
    try:
        host.ledger.append(Event("stopped", reason=reason))
    except OSError as error:
        raise NeedsPersonError(
            f"everything is stopped, but that could not be written down: {words_of(error)}",
            "mend that, then relctl down writes it down",
        ) from error


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
