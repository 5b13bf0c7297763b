"""Rendering Nginx's configuration from the project's templates, with every route of the pointer."""

import hashlib
import re
from pathlib import Path

from relctl.config.project import Project
from relctl.engine.slots import SLOTS, other, slot_address
from relctl.errors import ProxyError
from relctl.proxy.route import canaries
from relctl.state.paths import Paths

TEMPLATES = "nginx"
_SHIPPED = Path(__file__).parent / "templates"  # in the repository a link to its own nginx/


def render(project: Project, paths: Paths, worker_user: str) -> str:
    """Return the text of the managed nginx.conf, or of the include for someone else's Nginx.

    A template that the project does not have is taken from those that came with relctl.
    """
    import jinja2  # imported here: a warm rollback renders nothing

    from relctl.proxy.compiled import COMPILED

    managed = project.environment.proxy.mode == "managed"
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader([project.root / TEMPLATES, _SHIPPED]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - this writes a configuration, no HTML
        bytecode_cache=COMPILED,
    )
    templates.filters["quoted"] = quoted
    try:
        template = templates.get_template("nginx.conf.j2" if managed else "service.conf.j2")
        return template.render(facts(project, paths, worker_user))
    except ProxyError:
        raise
    except Exception as error:  # noqa: BLE001 - a template is code: it may raise anything
        where = f"{getattr(error, 'filename', None) or project.root / TEMPLATES}"
        line = getattr(error, "lineno", None)
        raise ProxyError(f"{where}{f':{line}' if line else ''}: {error}", "mend the template") from None


def quoted(path: object) -> str:
    """Return a path as one word of Nginx's configuration; raises ProxyError where Nginx knows no way.

    It expands `$` also between quotes and has no escape for it. The others could be escaped, but a path
    that holds them is rather a mistake than a wish.
    """
    found = re.search(r'[$"\\\x00-\x1f\x7f]', str(path))
    if found:
        raise ProxyError(
            f"Nginx cannot use the path {str(path)!r}: it holds {found[0]!r}",
            'choose a state_dir (RELCTL_STATE_DIR) without $, ", \\ and control characters',
        )
    return f'"{path}"'


def prefix(service: str, environment: str) -> str:
    """Return what the names of this service's upstreams and variables begin with.

    Nginx folds case and takes word characters only, so `a-b` and `a.b` need the checksum to differ. The
    length is bounded because Nginx's table of variables takes no name over 46 characters.
    """
    name = f"{service}/{environment}"
    readable = re.sub(r"[^a-z0-9]+", "_", name.lower())[:18]
    return f"relctl_{readable}_{hashlib.sha256(name.encode()).hexdigest()[:10]}"


def client_variable(sticky: str) -> str:
    """Return Nginx's variable for what tells clients apart, "" where each request is on its own.

    `sticky` is `cookie:NAME` or `header:NAME`; Nginx folds the case of a header, and its hyphens.
    """
    kind, _, name = sticky.partition(":")
    if kind == "header":
        return f"$http_{name.lower().replace('-', '_')}"
    return f"$cookie_{name}" if kind == "cookie" else ""


def facts(project: Project, paths: Paths, worker_user: str) -> dict[str, object]:
    """Return what the templates may use."""
    service, environment = project.versions.service, project.name
    return {
        "service": service,
        "environment": environment,
        "prefix": prefix(service, environment),
        "slots": {slot: slot_address(project, slot) for slot in SLOTS},
        "twin": {slot: other(slot) for slot in SLOTS},
        "listen": project.environment.proxy.listen,
        "idempotent": project.versions.contract.idempotent,
        "canaries": canaries(project.environment.rollout.canary, paths.routes),
        "client": client_variable(project.environment.rollout.sticky),
        "pointer": paths.pointer,
        "folder": paths.proxy,
        "access_log": paths.access_log,
        "worker_user": worker_user,
    }
