"""Define how long and how often to measure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """Rounds, and seconds of load; `baseline` is longer, because it answers so few requests."""

    rounds: int
    seconds: float
    baseline: float
    starts: int
    single: float  # one client
    overload: float
    curve_clients: tuple[int, ...]
    soak_requests: int
    answers: int  # to compare with; an eighth of that for the real shape
    tries_threads: bool  # whether to find out what suits the baseline; else one thread a worker
    judges_growth: bool  # whether it takes long enough to tell growth from a warm-up
    quality_sentences: int | None  # of each dataset; None: all


FULL = Effort(
    rounds=3,
    seconds=15,
    baseline=40,
    starts=5,
    single=60,
    overload=60,
    curve_clients=(1, 2, 4, 8, 16, 32, 64),
    soak_requests=20_000,
    answers=2_000,
    tries_threads=True,
    judges_growth=True,
    quality_sentences=None,
)
QUICK = Effort(
    rounds=1,
    seconds=4,
    baseline=10,
    starts=3,
    single=10,
    overload=10,
    curve_clients=(1, 8, 32),
    soak_requests=2_000,
    answers=400,
    tries_threads=False,
    judges_growth=False,
    quality_sentences=200,
)
