"""A clock that a test moves: whoever sleeps by it wakes at once, and it is so much later."""

from dataclasses import dataclass, field
from datetime import datetime, tzinfo


@dataclass
class StillClock:
    """Stands in for the module `time`; `slept` holds each pause."""

    now: float = 1_000.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    def perf_counter(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now = round(self.now + seconds, 6)


@dataclass
class StillDay:
    """Stands in for the class `datetime` where only the moment is asked for."""

    moment: datetime

    def now(self, _zone: tzinfo | None = None) -> datetime:
        return self.moment
