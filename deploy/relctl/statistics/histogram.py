"""Percentiles of milliseconds that were counted by span of time, and how sure they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy
from numpy.typing import NDArray

from relctl.statistics.clusters import Numbers
from relctl.statistics.columns import column_width

_AT_ONCE = 250  # resamples, which bounds the memory

Counts = NDArray[numpy.float32]


@dataclass(frozen=True)
class Histogram:
    """How many requests took how long: `counts` of shape (spans, columns), a column from `starts` on."""

    starts: Numbers
    widths: Numbers
    counts: Counts

    def percentile(self, percentile: float) -> float:
        """Milliseconds that so many of 100 requests do not exceed."""
        once = numpy.ones((1, len(self.counts)), numpy.float32)
        return float(self.resampled(percentile, once)[0])

    def resampled(self, percentile: float, times: NDArray[numpy.float32]) -> Numbers:
        """The percentile of each resample, which has every span so many `times`."""
        parts = [times[at : at + _AT_ONCE] @ self.counts for at in range(0, len(times), _AT_ONCE)]
        return numpy.concatenate([self._percentiles(percentile, part) for part in parts])

    def _percentiles(self, percentile: float, sums: Counts) -> Numbers:
        """The proxy tells whole milliseconds; within them requests are taken to be spread evenly.

        A resample may hold spans without requests alone; it says nothing, and counts as the shortest time.
        """
        upto = sums.cumsum(axis=1, dtype=numpy.float64)
        rank = percentile / 100 * upto[:, -1:]
        column = (upto < rank).sum(axis=1, keepdims=True).clip(max=sums.shape[1] - 1)
        count = numpy.take_along_axis(sums, column, axis=1).astype(numpy.float64)
        before = numpy.take_along_axis(upto, column, axis=1) - count
        within = numpy.divide(rank - before, count, out=numpy.ones_like(count), where=count > 0)
        found: Numbers = (self.starts[column] + within * self.widths[column])[:, 0]
        return found


def histograms(sides: Sequence[Sequence[Mapping[int, int]]]) -> list[Histogram]:
    """Make one of each side, from the numbers of requests by millisecond of each of its spans.

    All get the same columns; the milliseconds are those of `column`.
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
