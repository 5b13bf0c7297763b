"""Render Nginx's configuration from the project's templates, with every route of the pointer."""

import re
from collections.abc import Mapping
from pathlib import Path

from relctl.config.project import Project
from relctl.errors import ProxyError
from relctl.proxy import words
from relctl.proxy.facts import facts
from relctl.proxy.upstream import Upstream, mark, of_the_folder
from relctl.state.paths import Paths

TEMPLATES = "nginx"
_FILTERS = (words.duration, words.size, words.mebibytes, words.word, words.literal)
_SHIPPED = Path(__file__).parent / "templates"  # in the repository a link to its own nginx/


def render(
    project: Project, paths: Paths, worker_user: str, upstreams: Mapping[str, Upstream] | None = None
) -> str:
    """Return the text of the managed nginx.conf, or of the include for an external Nginx.

    `upstreams`: each slot's own address and contract; by default those of the project's folder. Templates
    missing from the project are taken from those shipped with relctl.
    """
    import jinja2  # here, as a warm rollback renders nothing

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
    templates.filters |= {"quoted": quoted} | {each.__name__: each for each in _FILTERS}
    try:
        template = templates.get_template("nginx.conf.j2" if managed else "service.conf.j2")
        known = upstreams or of_the_folder(project)
        return str(template.render(facts(project, paths, worker_user, known))) + mark(known)
    except ProxyError:
        raise
    except Exception as error:  # noqa: BLE001 - a template is code: it may raise anything
        where = f"{getattr(error, 'filename', None) or project.root / TEMPLATES}"
        line = getattr(error, "lineno", None)
        raise ProxyError(f"{where}{f':{line}' if line else ''}: {error}", "fix the template") from None


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
