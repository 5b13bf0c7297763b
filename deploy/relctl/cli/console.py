"""Draw on the terminal with rich, and escape text from outside: it must not control the terminal."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from relctl.escape import escaped, line


class Screen(Console):
    """Standard output drawn by rich; only rich sends control codes, never the text it draws."""

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the parts of a drawing; escape here whatever did not pass `as_text`."""
        for part in super().render(renderable, options):
            yield part if part.control else Segment(escaped(part.text), part.style)


def as_text(words: str, style: str = "", *, fold: bool = False) -> Text:
    """Return text from outside as one line without markup; escape it before its width is measured."""
    return Text(line(words), style=style, overflow="fold" if fold else None)
