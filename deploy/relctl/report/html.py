"""Renders the templates of this room, without control or bidirectional characters."""

import functools
import re
from typing import TYPE_CHECKING, Any

from relctl.escape import escaped

if TYPE_CHECKING:
    from jinja2 import Environment

# A log may have colours for a terminal.
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def render(template: str, **values: Any) -> str:
    """Render a template; every value that is not Markup is escaped."""
    html = _environment().get_template(template).render(values)
    # HTML forbids control characters, and a translation must not reverse the text around it.
    return escaped(_COLOURS.sub("", html))


@functools.cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    return Environment(
        loader=PackageLoader("relctl.report"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
