"""The pictures of a report, as SVG inside HTML: by matplotlib, wide for a desk, narrow for a phone."""

import io
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from html import escape
from statistics import median
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

# Matplotlib writes these, the page's style sheet says what they are: another colour on dark.
_CANDIDATE, _LIVE, _LIMIT, _INK, _GRID = "#010101", "#020202", "#030303", "#040404", "#050505"
_VARIABLES = {_CANDIDATE: "candidate", _LIVE: "live", _LIMIT: "limit", _INK: "dim", _GRID: "line"}
_STYLE: Any = {  # the keys that matplotlib takes are a type of several hundred literals
    "svg.fonttype": "none",  # text stays text: it can be searched, and takes the page's font
    "svg.hashsalt": "relctl",  # the same evidence gives the same file
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

_Draw = Callable[[Axes, str], None]  # where, and which of _WIDTHS


def latencies(figures: Mapping[str, Any]) -> str:
    """The share of requests that were answered within a time: candidate, and live where it was measured."""
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
        axes.set(xlabel="milliseconds (logarithmic)", ylabel="% of requests within", ylim=(0, 101))
        axes.set_xscale("log")
        axes.set_xlim(*_round_ends([value for _, side, _, _ in sides for value in side["quantiles"]]))
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_yticks([0, 25, 50, 75, 95])
        axes.grid(linewidth=0.8)

    p95 = ", ".join(f"{name} {side['p95']:.1f} ms" for name, side, _, _ in sides)
    return _pictures("latency", f"Distribution of latencies. 95 % of requests within: {p95}", 3.4, draw)


def differences(data_sets: Sequence[Mapping[str, Any]], margins: Mapping[str, float]) -> str:
    """How much each score differs from the live release's, with its interval, and what is allowed."""
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
        axes.set(xlabel="points from live", ylim=(-0.6, len(rows) - 0.4))
        axes.grid(axis="x", linewidth=0.8)
        axes.set_axisbelow(True)

    words = "; ".join(
        f"{name}, {score}: {found['difference']:+.2f}, between {found['lower']:+.2f} and "
        f"{found['upper']:+.2f}, limit {-margin:+.2f}"
        for name, score, found, margin in rows
    )
    return _pictures("quality", f"Differences to live in points. {words}", 1.3 + 0.4 * len(rows), draw)


def memory(figures: Mapping[str, Any]) -> str:
    """The memory of the candidate over the requests of the soak, beside the steepest growth allowed."""
    numbers = [point[0] for point in figures["memory"]]
    sizes = [point[1] / _MEBIBYTE for point in figures["memory"]]
    middle, size = median(numbers), median(sizes)

    def draw(axes: Axes, _: str) -> None:
        axes.plot(numbers, sizes, color=_CANDIDATE, linewidth=1.6, label="memory")
        growth = figures["max_growth_bytes_per_1000"] / _MEBIBYTE / 1000
        allowed = [size + growth * (number - middle) for number in (numbers[0], numbers[-1])]
        axes.plot(
            [numbers[0], numbers[-1]],
            allowed,
            "--",
            color=_LIMIT,
            linewidth=1.6,
            label="steepest allowed",
        )
        axes.set(xlabel="requests", ylabel="MiB", xlim=(0, max(numbers) or 1))
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.yaxis.get_major_formatter().set_useOffset(False)  # type: ignore[attr-defined]
        axes.grid(linewidth=0.8)

    label = f"Memory over requests: {sizes[0]:.1f} MiB at first, {sizes[-1]:.1f} MiB at last"
    return _pictures("memory", label, 3.0, draw)


def _round_ends(values: Sequence[float]) -> tuple[float, float]:
    """The nearest of 1, 2, 5, 10, … around all values, so that both ends of an axis have a number."""
    steps = [digit * 10.0**power for power in range(-3, 7) for digit in (1, 2, 5)]
    low = max((step for step in steps if step < min(values)), default=steps[0])
    return low, min((step for step in steps if step > max(values)), default=max(values))


def _short(name: str, length: int) -> str:
    return name if len(name) <= length else name[: length - 1] + "…"


def _pictures(name: str, label: str, height: float, draw: _Draw) -> str:
    """The picture in each width; the style sheet shows the one that fits."""
    return "".join(_picture(f"{name}-{width}", width, label, height, draw) for width in _WIDTHS)


def _picture(name: str, width: str, label: str, height: float, draw: _Draw) -> str:
    file = io.StringIO()
    with rc_context(_STYLE), warnings.catch_warnings():
        # The reader's browser has other fonts than the one that matplotlib measures with.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure = Figure(figsize=(_WIDTHS[width], height), layout="constrained")
        axes = figure.subplots()
        draw(axes, width)
        by_label = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
        figure.legend(by_label.values(), by_label.keys(), loc="outside upper left", ncols=2)
        figure.savefig(file, format="svg", transparent=True, metadata=_NO_METADATA)
    text = file.getvalue()
    return _adopted(text[text.index("<svg") :], name, width, label)


def _adopted(svg: str, name: str, width: str, label: str) -> str:
    """As a part of the page: ids that no other picture has, the page's colours, a name for screen readers."""
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, f"var(--{variable})")
    return svg.replace("<svg", f'<svg class="{width}" role="img" aria-label="{escape(label)}"', 1)
