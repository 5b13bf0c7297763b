"""Define the least samples for any conclusion; settings that ask for fewer are refused beforehand."""

from math import ceil

LEAST_CLUSTERS = 10  # rounds, or spans of time; bootstrap bounds over fewer mean little
LEAST_ABOVE = 10  # requests above a percentile, which decide it
# With fewer, bootstrap percentiles are too narrow, however large the margin is.
LEAST_SENTENCES = 150
LEAST_READINGS = 10  # of memory, after the warm-up; half as many in the last third
LEAST_SOAK = 12  # requests: fewer cannot give enough readings, each after another request


def least_requests(percentile: float) -> int:
    """Return how many requests a side needs for a percentile (0 to 100)."""
    return ceil(LEAST_ABOVE / (1 - percentile / 100) - 1e-9)
