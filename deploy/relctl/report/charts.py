"""Draws the charts of a report with matplotlib, as SVG: wide for a desktop, narrow for a phone."""

import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

# Placeholders: report.css replaces each by a colour of the page, light or dark.
_CANDIDATE, _LIVE, _LIMIT, _INK, _GRID = "#010101", "#020202", "#030303", "#040404", "#050505"
_STYLE: Any = {  # the keys that matplotlib takes are a type of several hundred literals
    "svg.fonttype": "none",  # text stays text: it can be searched, and takes the page's font
    "text.color": _INK,
    "text.parse_math": False,  # a "$" in a name is a dollar
    "axes.labelcolor": _INK,
    "axes.edgecolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": _GRID,
    "legend.frameon": False,
    "font.size": 10,
}
_WIDTHS = {"wide": 9.2, "narrow": 3.4}  # inches, of 72 points
_NAME = {"wide": 32, "narrow": 11}  # characters of a data set's name
_NO_METADATA: dict[str, Any] = dict.fromkeys(("Date", "Creator", "Format", "Type"))
_MEBIBYTE = 1024**2


@dataclass(frozen=True)
class Chart:
    """One chart as SVG in both widths; `label` says in words what it shows."""

    label: str
    wide: Markup
    narrow: Markup


_Draw = Callable[[Axes, str], None]  # where, and which of _WIDTHS


def latencies(figures: Mapping[str, Any]) -> Chart:
    """Draw the share of requests answered within a time, for the candidate and, if measured, for live."""
    sides = [
        (name, figures[key], colour, line)
        for name, key, colour, line in (
            ("candidate", "candidate_ms", _CANDIDATE, "-"),
            ("live", "live_ms", _LIVE, "--"),
        )
        if key in figures
    ]

    def draw(axes: Axes, _: str) -> None:
        for name, side, colour, line in sides:
            quantiles = side["quantiles"]
            shares = [100 * (number + 1) / len(quantiles) for number in range(len(quantiles))]
            axes.step(quantiles, shares, line, where="post", color=colour, label=name, linewidth=1.8)
        axes.set(xlabel="milliseconds, log scale", ylabel="% of requests within", ylim=(0, 101))
        axes.set_xscale("log")
        axes.set_xlim(*_round_ends([value for _, side, _, _ in sides for value in side["quantiles"]]))
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_yticks([0, 25, 50, 75, 95])
        axes.grid(linewidth=0.8)

    p95 = ", ".join(f"{name} {side['p95']:.1f} ms" for name, side, _, _ in sides)
    return _chart("latency", f"Distribution of latencies. p95: {p95}", 3.4, draw)


def differences(data_sets: Sequence[Mapping[str, Any]], margins: Mapping[str, float]) -> Chart:
    """Draw the difference of each score from live, with its bounds and its limit."""
    rows = [
        (each["name"], score, found, margins[score.lower()])
        for each in data_sets
        for score, found in each.get("against_live", {}).items()
    ]

    def draw(axes: Axes, width: str) -> None:
        for place, (_, _, found, margin) in enumerate(reversed(rows)):
            axes.plot(
                [found["lower"], found["upper"]], [place, place], color=_CANDIDATE, linewidth=2.4, marker="|"
            )
            axes.plot(
                [found["difference"]],
                [place],
                "o",
                color=_CANDIDATE,
                markersize=6,
                label="difference, bounds",
            )
            axes.plot(
                [-margin], [place], "|", color=_LIMIT, markersize=20, markeredgewidth=2.4, label="limit"
            )
        axes.axvline(0, color=_INK, linewidth=0.8)
        names = [f"{_short(name, _NAME[width])}, {score}" for name, score, _, _ in reversed(rows)]
        axes.set_yticks(range(len(rows)), names)
        axes.set(xlabel="points relative to live", ylim=(-0.6, len(rows) - 0.4))
        axes.grid(axis="x", linewidth=0.8)
        axes.set_axisbelow(True)

    words = "; ".join(
        f"{name}, {score}: {found['difference']:+.2f}, between {found['lower']:+.2f} and "
        f"{found['upper']:+.2f}, limit {-margin:+.2f}"
        for name, score, found, margin in rows
    )
    return _chart("quality", f"Differences from live in points. {words}", 1.3 + 0.4 * len(rows), draw)


def memory(figures: Mapping[str, Any]) -> Chart:
    """Draw the candidate's memory over the requests of the soak, and the steepest growth allowed.

    The limit starts at the first reading after the warm-up; evidence of an older relctl names no warm-up.
    """
    readings = [(number, size / _MEBIBYTE) for number, size in figures["memory"]]
    warm_up = figures.get("warm_up_requests", 0)
    counted = [reading for reading in readings if reading[0] >= warm_up]
    before = readings[: len(readings) - len(counted) + 1] if len(counted) < len(readings) else []

    def draw(axes: Axes, _: str) -> None:
        if before:
            axes.plot(*zip(*before, strict=True), ":", color=_LIVE, linewidth=1.6, label="warm-up")
        if counted:
            axes.plot(*zip(*counted, strict=True), color=_CANDIDATE, linewidth=1.6, label="memory")
            allowed = _steepest(counted, figures["max_growth_bytes_per_1000"] / _MEBIBYTE / 1000)
            axes.plot(*allowed, "--", color=_LIMIT, linewidth=1.6, label="steepest allowed")
        axes.set(xlabel="requests", ylabel="MiB", xlim=(0, readings[-1][0] or 1))
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.yaxis.get_major_formatter().set_useOffset(False)  # type: ignore[attr-defined]
        axes.grid(linewidth=0.8)

    label = f"Memory over requests: {readings[0][1]:.1f} MiB at first, {readings[-1][1]:.1f} MiB at last"
    return _chart("memory", label, 3.0, draw)


def _steepest(
    readings: Sequence[tuple[float, float]], growth: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the line from the first reading to the last number of requests, as numbers and as sizes."""
    (first, size), (last, _) = readings[0], readings[-1]
    return (first, last), (size, size + growth * (last - first))


def _round_ends(values: Sequence[float]) -> tuple[float, float]:
    """Return the nearest of 1, 2, 5, 10, … below and above all values: both ends of an axis get a tick."""
    steps = [digit * 10.0**power for power in range(-3, 7) for digit in (1, 2, 5)]
    low = max((step for step in steps if step < min(values)), default=steps[0])
    return low, min((step for step in steps if step > max(values)), default=max(values))


def _short(name: str, length: int) -> str:
    return name if len(name) <= length else name[: length - 1] + "…"


def _chart(name: str, label: str, height: float, draw: _Draw) -> Chart:
    return Chart(label, **{width: _svg(f"{name}-{width}", width, height, draw) for width in _WIDTHS})


def _svg(name: str, width: str, height: float, draw: _Draw) -> Markup:
    """Draw one picture. Its ids start with `name` or are salted with it, so a page can hold several."""
    file = io.StringIO()
    with rc_context(_STYLE | {"svg.hashsalt": name}), warnings.catch_warnings():
        # The browser draws the text, with fonts of its own.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure = Figure(figsize=(_WIDTHS[width], height), dpi=72, layout="constrained")
        axes = figure.subplots()
        draw(axes, width)
        by_label = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
        figure.legend(by_label.values(), by_label.keys(), loc="outside upper left", ncols=2)
        figure.draw_without_rendering()  # creates the ticks, which need ids too
        for number, artist in enumerate(figure.findobj()):
            artist.set_gid(f"{name}-{number}")
        figure.savefig(file, format="svg", transparent=True, metadata=_NO_METADATA)
    text = file.getvalue()
    # Matplotlib escapes all text. The XML declaration before the element does not belong in HTML.
    return Markup(text[text.index("<svg") :])  # noqa: S704
