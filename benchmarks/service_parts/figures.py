"""Compare a measured figure with its target."""

import math
import operator
from dataclasses import dataclass, field
from typing import Any, Literal

_COMPARE = {">=": operator.ge, "<=": operator.le, "<": operator.lt}


@dataclass(frozen=True)
class Figure:
    """A figure, and the limit that it must keep."""

    value: float
    sign: Literal[">=", "<=", "<"]
    limit: float

    @property
    def reached(self) -> bool:
        """Whether it keeps the limit; NaN, which means that there was nothing to measure, does not."""
        return bool(_COMPARE[self.sign](self.value, self.limit))

    def json(self) -> dict[str, Any]:
        """Return the figure as the benchmark prints it."""
        return {
            "value": round(self.value, 4) if math.isfinite(self.value) else None,
            "target": f"{self.sign} {round(self.limit, 4):g}",
            "reached": self.reached,
        }


@dataclass
class Section:
    """The result of one part of the benchmark: figures with a target, and others beside them."""

    figures: dict[str, Figure] = field(default_factory=dict)
    measured: dict[str, Any] = field(default_factory=dict)

    @property
    def reached(self) -> bool:
        """Whether every figure is as it must be."""
        return all(figure.reached for figure in self.figures.values())

    def json(self) -> dict[str, Any]:
        """Return the section as the benchmark prints it."""
        figures = {name: figure.json() for name, figure in self.figures.items()}
        return {"reached": self.reached, "figures": figures, "measured": self.measured}
