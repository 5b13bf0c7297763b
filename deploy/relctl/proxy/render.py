"""Rendering Nginx's configuration from the project's templates: a pure function of the project."""

import re

from relctl.config.project import Project
from relctl.engine.slots import SLOTS, other, slot_address
from relctl.errors import ProxyError
from relctl.state.paths import Paths

TEMPLATES = "nginx"


def render(project: Project, paths: Paths, worker_user: str) -> str:
    """Return the text of the managed nginx.conf, or of the include for someone else's Nginx."""
    import jinja2  # imported here: a warm rollback renders nothing

    managed = project.environment.proxy.mode == "managed"
    loader = jinja2.FileSystemLoader(project.root / TEMPLATES)
    templates = jinja2.Environment(
        loader=loader,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - this writes a configuration, no HTML
    )
    try:
        template = templates.get_template("nginx.conf.j2" if managed else "service.conf.j2")
        return template.render(facts(project, paths, worker_user))
    except jinja2.TemplateError as error:
        where = f"{getattr(error, 'filename', None) or project.root / TEMPLATES}"
        line = getattr(error, "lineno", None)
        raise ProxyError(f"{where}{f':{line}' if line else ''}: {error}", "mend the template") from None


def facts(project: Project, paths: Paths, worker_user: str) -> dict[str, object]:
    """Return what the templates may use."""
    service, environment = project.versions.service, project.name
    return {
        "service": service,
        "environment": environment,
        "prefix": re.sub(r"\W", "_", f"relctl_{service}_{environment}"),
        "slots": {slot: slot_address(project, slot) for slot in SLOTS},
        "twin": {slot: other(slot) for slot in SLOTS},
        "listen": project.environment.proxy.listen,
        "idempotent": project.versions.contract.idempotent,
        "pointer": paths.pointer,
        "folder": paths.proxy,
        "access_log": paths.proxy / "access.log",
        "worker_user": worker_user,
    }
