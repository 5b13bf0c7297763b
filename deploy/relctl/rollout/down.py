"""Down: stop everything that runs for one environment, the proxy first."""

from relctl.engine.slots import TRIAL_ROLES, labels, network
from relctl.rollout.alone import alone
from relctl.rollout.host import Host
from relctl.state.ledger import Event


def down(host: Host) -> list[str]:
    """Stop Nginx (its requests finish), then the slots, then remove the network; returns what ran.

    Raises UsageError, and stops nothing, where the slots belong to another checkout.
    """
    with alone(host), host.hold(host.paths.verify_lock):
        running = [container for container in host.slots().values() if container is not None]
        for role in TRIAL_ROLES:
            running += host.engine.containers(labels(host.project, role))
        stopped = []
        if host.project.environment.proxy.mode == "managed" and host.proxy.down():
            stopped.append("nginx")
        for container in running:
            host.engine.remove(container.name)
            stopped.append(container.name)
        host.engine.remove_network(network(host.project).name)
        if stopped:
            host.ledger.append(Event("stopped", reason=", ".join(stopped)))
        return stopped
