"""What is drawn on the terminal: rich's console and texts, without what others' words could do to it."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from relctl.escape import escaped, line


class Screen(Console):
    """Standard output, drawn by rich: only rich itself may steer the terminal, no text that it draws."""

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the parts of a drawing; what did not pass `as_text` is made harmless here at the latest."""
        for part in super().render(renderable, options):
            yield part if part.control else Segment(escaped(part.text), part.style)


def as_text(words: str, style: str = "", *, fold: bool = False) -> Text:
    """Return others' words as one line to draw: escaped before they are measured, and no markup."""
    return Text(line(words), style=style, overflow="fold" if fold else None)
