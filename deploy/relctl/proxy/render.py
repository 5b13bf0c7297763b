"""Render Nginx's configuration from the project's templates, and collect all that they may use."""

import functools
import hashlib
import itertools
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from relctl.config.environment import Proxy as Settings
from relctl.config.project import Project
from relctl.config.units import network
from relctl.engine.slots import SLOTS, other
from relctl.errors import ProxyError
from relctl.proxy.pointer import canaries
from relctl.proxy.upstream import Upstream, mark, of_the_folder
from relctl.state.paths import Paths

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = "nginx"
_SHIPPED = Path(__file__).parent / "templates"  # in the repository a link to its own nginx/
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
_SIZES = ((1024**2, "m", "MiB"), (1024, "k", "KiB"), (1, "", "bytes"))


def render(
    project: Project, paths: Paths, worker_user: str, upstreams: Mapping[str, Upstream] | None = None
) -> str:
    """Return the text of the managed nginx.conf, or of the include for an external Nginx.

    `upstreams`: each slot's own address and contract; by default those of the project's folder. Templates
    missing from the project are taken from those shipped with relctl.
    """
    managed = project.environment.proxy.mode == "managed"
    try:
        template = _templates(project.root / TEMPLATES).get_template(
            "nginx.conf.j2" if managed else "service.conf.j2"
        )
        known = upstreams or of_the_folder(project)
        return str(template.render(facts(project, paths, worker_user, known))) + mark(known)
    except ProxyError:
        raise
    except Exception as error:  # noqa: BLE001 - a template is code: it may raise anything
        where = f"{getattr(error, 'filename', None) or project.root / TEMPLATES}"
        line = getattr(error, "lineno", None)
        raise ProxyError(f"{where}{f':{line}' if line else ''}: {error}", "fix the template") from None


@functools.cache
def _templates(folder: Path) -> "Environment":
    """Return a folder's templates, compiled once in this process, and again when a file has changed."""
    import jinja2  # here, as a warm rollback renders nothing

    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, _SHIPPED]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - this writes a configuration, no HTML
    )
    templates.filters |= {each.__name__: each for each in (quoted, duration, size, mebibytes, word)}
    templates.filters["literal"] = re.escape  # a regular expression that matches just this text
    return templates


def quoted(path: object) -> str:
    """Return a path as one word of Nginx's configuration; raises ProxyError if that is impossible.

    Nginx expands `$` even between quotes and has no escape for it. Other characters could be escaped, but a
    path containing them is more likely a mistake.
    """
    found = re.search(r'[$"\\\x00-\x1f\x7f]', str(path))
    if found:
        raise ProxyError(
            f"Nginx cannot use the path {str(path)!r}: it holds {found[0]!r}",
            'choose a state_dir (RELCTL_STATE_DIR) without $, ", \\ and control characters',
        )
    return f'"{path}"'


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


def duration(seconds: float) -> str:
    """Return a duration, in milliseconds where seconds are too coarse."""
    return f"{round(seconds)}s" if seconds == round(seconds) else f"{max(round(seconds * 1000), 1)}ms"


def size(count: int) -> str:
    """Return a number of bytes in the largest unit that divides it."""
    number, unit, _ = _in_units(count)
    return f"{number}{unit}"


def mebibytes(count: int) -> str:
    """Return a number of bytes for people to read."""
    number, _, unit = _in_units(count)
    return f"{number} {unit}"


def word(text: str) -> str:
    """Return any text as one word of a map, where `$` has no meaning."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def disguises(name: str) -> list[str]:
    """Return the spellings of a header's name that WSGI and CGI do not distinguish from it.

    They turn hyphens into underscores, and Nginx forwards a header under each name.
    """
    parts = name.split("-")
    joints = list(itertools.product("-_", repeat=len(parts) - 1))[1:]
    return ["".join(itertools.chain(*zip(parts, (*joint, ""), strict=True))) for joint in joints]


def _in_units(count: int) -> tuple[int, str, str]:
    return next((count // each, short, long) for each, short, long in _SIZES if count % each == 0)
