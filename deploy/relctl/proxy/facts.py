"""Collect what the templates may use: all that Nginx needs to know of a service and its environment."""

import hashlib
import re
from collections.abc import Iterable, Mapping

from relctl.config.environment import Proxy as Settings
from relctl.config.project import Project
from relctl.config.units import network
from relctl.engine.slots import SLOTS, other
from relctl.proxy.route import canaries
from relctl.proxy.upstream import Upstream
from relctl.proxy.words import disguises
from relctl.state.paths import Paths

_LEAST_SHUTDOWN = 120.0  # seconds
_AFTER_READING = 45.0  # seconds; a request may be accepted late, and its answer may be sent slowly

# The source addresses of requests to a listen address that is not a unicast address.
_ASKED_FROM = {"localhost": ("127.0.0.1", "::1"), "0.0.0.0": ("127.0.0.1",), "::": ("::1",)}  # noqa: S104

# The variable of a header that a front proxy may set, the header, and its value without a front proxy.
_FORWARDED = (
    ("proto", "X-Forwarded-Proto", "$scheme"),
    ("host", "X-Forwarded-Host", "$http_host"),
    ("port", "X-Forwarded-Port", "$server_port"),
    ("real", "X-Real-IP", "$remote_addr"),
    ("fwd", "Forwarded", '""'),
)
_BELIEVED = ("X-Forwarded-For", "X-Request-ID", *(name for _, name, _ in _FORWARDED))


def prefix(service: str, environment: str) -> str:
    """Return the prefix of this service's upstreams and variables.

    Nginx folds case and accepts word characters only, so `a-b` and `a.b` need the checksum to differ. The
    length is bounded because Nginx's variable table accepts no name over 46 characters.
    """
    name = f"{service}/{environment}"
    readable = re.sub(r"[^a-z0-9]+", "_", name.lower())[:18]
    return f"relctl_{readable}_{hashlib.sha256(name.encode()).hexdigest()[:10]}"


def client_variable(sticky: str) -> str:
    """Return Nginx's variable that identifies clients, "" if requests are independent.

    `sticky` is `cookie:NAME` or `header:NAME`; Nginx folds a header's case and hyphens.
    """
    kind, _, name = sticky.partition(":")
    if kind == "header":
        return f"$http_{name.lower().replace('-', '_')}"
    return f"$cookie_{name}" if kind == "cookie" else ""


def shutdown(settings: Settings) -> float:
    """Return how many seconds Nginx's workers have for their last requests."""
    return max(_LEAST_SHUTDOWN, settings.read_timeout + _AFTER_READING)


def facts(
    project: Project, paths: Paths, worker_user: str, upstreams: Mapping[str, Upstream]
) -> dict[str, object]:
    """Return the variables of the templates."""
    service, environment, settings = project.versions.service, project.name, project.environment.proxy
    private = _unique(*settings.private, *_own(settings))
    return {
        "service": service,
        "environment": environment,
        "prefix": prefix(service, environment),
        "slots": {slot: upstreams[slot] for slot in SLOTS},
        "twin": {slot: other(slot) for slot in SLOTS},
        "listen": settings.listen,
        "canaries": canaries(project.environment.rollout.canary, paths.routes),
        "client": client_variable(project.environment.rollout.sticky),
        "trusted": settings.trusted,
        "private": private,
        "known": _unique(*settings.trusted, *private),
        "private_paths": _private_paths(settings, upstreams.values()),
        "forwarded": _FORWARDED,
        "disguises": [each for name in _BELIEVED for each in disguises(name)],
        "read_timeout": settings.read_timeout,
        "client_timeout": settings.client_timeout,
        "shutdown": shutdown(settings),
        "body_limit": settings.body_limit,
        "buffering": settings.buffering,
        "connections": settings.connections,
        "log_clients": settings.log_clients,
        "pointer": paths.pointer,
        "folder": paths.proxy,
        "closing": paths.closing,
        "access_log": paths.access_log,
        "error_log": paths.error_log,
        "worker_user": worker_user,
    }


def _private_paths(settings: Settings, upstreams: Iterable[Upstream]) -> list[str]:
    """Return the paths for private addresses only: both contracts' probes, and the environment's.

    The front page stays public even if a service is probed by it.
    """
    probes = (path for each in upstreams for path in each.contract.probes)
    return sorted({path.partition("?")[0] for path in (*probes, *settings.private_paths)} - {"/"})


def _own(settings: Settings) -> list[str]:
    """Return the machine's own addresses on which Nginx listens: relctl sends requests from there."""
    hosts = (address.rpartition(":")[0].strip("[]") for address in settings.listen)
    return [network(each) for host in hosts for each in _ASKED_FROM.get(host, (host,))]


def _unique(*networks: str) -> list[str]:
    """Return each network once: Nginx warns of duplicates."""
    return list(dict.fromkeys(networks))
