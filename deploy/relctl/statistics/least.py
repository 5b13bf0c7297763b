"""The least samples that anything is concluded from; what asks for fewer is refused before it is measured."""

from math import ceil

LEAST_CLUSTERS = 10  # rounds, or spans of time: with fewer the bounds of a bootstrap over them mean little
LEAST_ABOVE = 10  # requests: a percentile is decided by what lies above it
# Below this the percentiles of a bootstrap are too narrow to be trusted, however large the margin is.
LEAST_SENTENCES = 150
LEAST_READINGS = 10  # of memory, after the warm-up; half as many in the last third
LEAST_SOAK = 12  # requests: fewer cannot have so many readings, each after another request


def least_requests(percentile: float) -> int:
    """How many requests a side needs for a percentile (0 to 100)."""
    return ceil(LEAST_ABOVE / (1 - percentile / 100) - 1e-9)
