"""Compute percentiles of milliseconds counted by span of time, and their resamples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy
from numpy.typing import NDArray

from relctl.statistics.clusters import Numbers

_AT_ONCE = 250  # resamples, which bounds the memory

Counts = NDArray[numpy.float32]
_EXACT = 1_000  # milliseconds below which each has a column of its own


@dataclass(frozen=True)
class Histogram:
    """Requests by duration: `counts` of shape (spans, columns), each column beginning at its `starts`."""

    starts: Numbers
    widths: Numbers
    counts: Counts

    def percentile(self, percentile: float) -> float:
        """Return the given percentile, in milliseconds."""
        once = numpy.ones((1, len(self.counts)), numpy.float32)
        return float(self.resampled(percentile, once)[0])

    def resampled(self, percentile: float, times: NDArray[numpy.float32]) -> Numbers:
        """Return the percentile of each resample; `times` holds how often it has each span."""
        parts = [times[at : at + _AT_ONCE] @ self.counts for at in range(0, len(times), _AT_ONCE)]
        return numpy.concatenate([self._percentiles(percentile, part) for part in parts])

    def _percentiles(self, percentile: float, sums: Counts) -> Numbers:
        """Interpolate: the proxy logs whole milliseconds, within which requests are taken as evenly spread.

        A resample may consist of spans without requests; it then counts as the shortest time.
        """
        upto = sums.cumsum(axis=1, dtype=numpy.float64)
        rank = percentile / 100 * upto[:, -1:]
        column = (upto < rank).sum(axis=1, keepdims=True).clip(max=sums.shape[1] - 1)
        count = numpy.take_along_axis(sums, column, axis=1).astype(numpy.float64)
        before = numpy.take_along_axis(upto, column, axis=1) - count
        within = numpy.divide(rank - before, count, out=numpy.ones_like(count), where=count > 0)
        found: Numbers = (self.starts[column] + within * self.widths[column])[:, 0]
        return found


def histograms(sides: Sequence[Sequence[Mapping[int, float]]]) -> list[Histogram]:
    """Return one histogram for each side, from request counts by millisecond in each of its spans.

    All have the same columns, as given by `column`.
    """
    starts = sorted({start for side in sides for span in side for start in span})
    place = {start: number for number, start in enumerate(starts)}
    widths = numpy.array([column_width(start) for start in starts], dtype=numpy.float64)
    made = []
    for side in sides:
        counts = numpy.zeros((len(side), len(starts)), numpy.float32)
        for number, span in enumerate(side):
            for start, count in span.items():
                counts[number, place[start]] = count
        made.append(Histogram(numpy.array(starts, dtype=numpy.float64), widths, counts))
    return made


def column_width(milliseconds: int) -> int:
    """Return how many milliseconds share a column, so that three digits are kept."""
    width = 1
    while milliseconds // width >= _EXACT:
        width *= 10
    return width


def column(milliseconds: int) -> int:
    """Return the first of the milliseconds in the same column."""
    width = column_width(milliseconds)
    return milliseconds // width * width
