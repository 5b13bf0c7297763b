"""Draw the screen of `relctl status --watch` for any width, the most important facts first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from relctl.cli.console import as_text
from relctl.cli.durations import span
from relctl.cli.event_text import drawn
from relctl.cli.status_text import (
    BAD,
    BUSY,
    health_style,
    slot_words,
    standing_in_words,
    switch_words,
    traffic_words,
    window_words,
)
from relctl.errors import RelctlError

if TYPE_CHECKING:
    from relctl.proxy.recent_traffic import Traffic
    from relctl.rollout.failover import SlotStatus
    from relctl.rollout.status import Status

_WIDE_ENOUGH = 72  # columns of the table of traffic


@dataclass(frozen=True)
class Picture:
    """The status at one moment, drawn for the console's width and again after each resize."""

    status: "Status"
    at: datetime
    pause: float
    trouble: RelctlError | None = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the parts from top to bottom; a low terminal shows only the upper ones."""
        found = self.status
        yield as_text(f"{found.service} in {found.environment}: {found.url} (Nginx {found.proxy})", "bold")
        yield as_text(f"{self.at:%H:%M:%S} UTC, every {self.pause:g} s, Ctrl-C ends", "dim")
        if self.trouble:
            yield as_text(f"cannot refresh, this is old: {self.trouble.message}", BAD)
        yield ""
        yield _grid(list(self._facts()))
        yield ""
        yield traffic(found.traffic, options.max_width)
        yield ""
        yield drawn(found.events[::-1], self.at, options.max_width)

    def _facts(self) -> Iterator[tuple[str, Text]]:
        found = self.status
        yield "live", _slot(found.live)
        yield "standby", _slot(found.standby)
        if found.standing_in:
            words = standing_in_words(found.standing_in, found.traffic.seconds)
            yield "answers", as_text(words, BAD)
        yield "pointer", as_text(found.pointer) if found.pointer else as_text("missing", BAD)
        yield from (("drift", as_text(sentence, BAD)) for sentence in found.drift)
        if found.at_work:
            yield "at work", as_text(found.at_work, BUSY)
        elif not found.drift:
            yield "drift", as_text("none", "green")
        if found.watching:
            yield "watching", as_text(found.watching, BUSY)
        if found.observing:
            yield "window", as_text(window_words(found.observing, found.watching), BUSY)
        yield from (("notice", as_text(" ".join(sentence.split()), BUSY)) for sentence in found.notices)
        if found.switched:
            yield "switched", as_text(switch_words(found.switched, self.at))


def traffic(found: "Traffic", width: int) -> RenderableType:
    """Draw the recent traffic of each pool: a table if it fits, otherwise sentences."""
    stood_in = ["STOOD IN"] if any(pool.stood_in for pool in found.pools.values()) else []
    longest = max((as_text(pool).cell_len for pool in found.pools), default=0)
    needed = _WIDE_ENOUGH + sum(len(each) + 2 for each in stood_in) + max(longest - len("green"), 0)
    if found.problem or not found.pools or width < needed:
        return _grid([("traffic", as_text(sentence)) for sentence in traffic_words(found)])
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(f"IN {span(found.seconds).upper()}")
    for heading in ("REQUESTS", "A SECOND", "FAILED", "ERROR RATE", *stood_in, "P50", "P95", "P99"):
        table.add_column(heading, justify="right")
    for pool, each in found.pools.items():
        rate = each.requests / max(found.seconds, 1.0)
        cells = (f"{each.requests:,}", f"{rate:,.1f}", f"{each.errors:,}", f"{each.error_rate:.2%}")
        others = [f"{each.stood_in:,}"] if stood_in else []
        times = (f"{value:,.0f} ms" for value in (each.p50_ms, each.p95_ms, each.p99_ms))
        table.add_row(
            as_text(pool), *cells, *others, *times, style=BAD if each.errors or each.stood_in else ""
        )
    return table


def _grid(facts: list[tuple[str, Text]]) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column(overflow="fold")
    for name, words in facts:
        grid.add_row(name, words)
    return grid


def _slot(slot: "SlotStatus | None") -> Text:
    return as_text(slot_words(slot), health_style(slot))
