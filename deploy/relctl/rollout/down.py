"""Stop everything that runs for one environment, the proxy first."""

from collections.abc import Sequence

from relctl.engine.protocol import Container
from relctl.engine.slots import SLOTS, TRIAL_ROLES, labels, network, trial_network
from relctl.errors import NeedsPersonError, RelctlError, words_of
from relctl.rollout.doors import ProxyDoor
from relctl.rollout.host import Host
from relctl.rollout.locking import exclusive_unobserved, observer_lock, reach_lock
from relctl.rollout.renamed_slots import renamed
from relctl.state.event import Event
from relctl.state.lock import Hold
from relctl.state.paths import Paths
from relctl.state.steps import Steps

_AGAIN = "relctl promote makes it again"


def down(host: Host) -> list[str]:
    """Stop Nginx (its requests finish) and the slots, then remove the network; returns what ran.

    Raises UsageError, stopping nothing, if the slots belong to another checkout. Raises NeedsPersonError if
    only a part could be stopped, or if the stop could not be recorded.
    """
    with exclusive_unobserved(host), host.hold(host.paths.verify_lock):
        running, stopped = _running(host), list[str]()
        try:
            _stop(host, running, stopped)
        except (RelctlError, OSError) as error:
            if not stopped:
                raise
            raise NeedsPersonError(
                f"stopped: {', '.join(stopped)}, then: {words_of(error)}",
                "fix that, then relctl down continues",
            ) from error
        if stopped or _unwritten(host):
            _write_down(host, ", ".join(stopped) or "nothing ran any more")
        for slot in SLOTS:
            host.records.forget(slot)
        return stopped


def _running(host: Host) -> list[Container]:
    found = [container for container in host.slots().values() if container is not None]
    found += [each.container for each in renamed(host)]
    for role in TRIAL_ROLES:
        found += host.engine.containers(labels(host.project, role))
    return found


def _stop(host: Host, running: Sequence[Container], stopped: list[str]) -> None:
    """Stop the proxy first; append each name to `stopped` as soon as it has ended."""
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
    host.engine.remove_network(trial_network(host.project).name)
    host.clear_trials(host.project)


def _unwritten(host: Host) -> bool:
    """Return whether the ledger says a release runs although none does: an earlier `down` could not write."""
    return not host.ledger.salvage().history.stopped


def _write_down(host: Host, reason: str) -> None:
    host.steps.reach_for_good("record", "write stopped to the ledger", "it is the last one")
    try:
        host.ledger.append(Event("stopped", reason=reason))
    except OSError as error:
        raise NeedsPersonError(
            f"everything is stopped, but that could not be recorded: {words_of(error)}",
            "fix that, then relctl down records it",
        ) from error


def down_proxy(proxy: ProxyDoor, paths: Paths, hold: Hold, steps: Steps) -> bool:
    """Stop the managed Nginx alone, without the engine (`relctl proxy down`); returns whether it ran."""
    reach_lock(paths, steps)
    with observer_lock(hold, paths), hold(paths.lock):
        return stop_proxy(proxy, steps)


def stop_proxy(proxy: ProxyDoor, steps: Steps) -> bool:
    """Stop the managed Nginx after its requests; returns whether it ran."""
    proxy.insist_on_managed()
    if proxy.is_up():
        words = "stop Nginx when its requests are done: the service is out of reach then"
        steps.reach_for_good("proxy", words, "relctl proxy up starts it again")
    return proxy.down()
