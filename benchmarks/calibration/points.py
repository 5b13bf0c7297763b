"""Points of an operating curve, and their limits."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import sqrt

TIMES_MARGIN = (0.0, 0.5, 1.0, 1.5, 2.0)
MOST_BLOCKED = 0.05  # of identical releases, on the pipeline's own samples
MOST_AT_MARGIN = 0.05  # promoted, besides three standard errors of the simulation
MOST_AT_TWICE = 0.01  # promoted
OWN, LEAST, TOO_FEW = "the pipeline's own", "the least allowed", "one fewer"


@dataclass(frozen=True)
class Point:
    """Simulated releases of one worth: `worse` says where, `truth` how much; `promoted` is a part of them."""

    gate: str
    pipeline: str
    sample: str
    size: dict[str, int]
    worse: str
    times_margin: float
    promoted: float
    truth: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    """The worst of the points that a limit is about."""

    name: str
    worst: float
    limit: float

    @property
    def holds(self) -> bool:
        """Whether the limit is kept; what was not counted keeps none."""
        return self.worst <= self.limit


def figures(gate: str, curve: Sequence[Point], releases: int) -> list[Figure]:
    """Return the figures that must hold for one gate."""
    points = [point for point in curve if point.gate == gate]
    own, least, few = (
        [point for point in points if point.sample == sample] for sample in (OWN, LEAST, TOO_FEW)
    )
    at_margin = MOST_AT_MARGIN + 3 * sqrt(MOST_AT_MARGIN * (1 - MOST_AT_MARGIN) / releases)
    return [
        Figure("identical_blocked", 1 - min(_promoted(own, 0)), MOST_BLOCKED),
        Figure("at_the_margin_promoted", max(_promoted(own, 1)), at_margin),
        Figure("at_the_margin_promoted_of_least", max(_promoted(least, 1)), at_margin),
        Figure("twice_the_margin_promoted", max(_promoted(own, 2)), MOST_AT_TWICE),
        Figure("twice_the_margin_promoted_of_least", max(_promoted(least, 2)), MOST_AT_TWICE),
        Figure("too_few_promoted", max(point.promoted for point in few), 0.0),
    ]


def _promoted(points: Sequence[Point], times: float) -> list[float]:
    return [point.promoted for point in points if point.times_margin == times]
