"""Simulated releases for the gate `latency`, judged as the gate judges: every percentile of the pipeline.

Log-normal times, with a spread that the requests of one round share on both sides, and one that is a side's
own. A slow release takes longer for all requests, or only for those that are slow already. `max_p95`, which
knows no chance, is left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy

from calibration.points import LEAST, OWN, TIMES_MARGIN, TOO_FEW
from relctl.config.gates import LatencySettings
from relctl.statistics import latency_ratio
from relctl.statistics.clusters import Numbers
from relctl.statistics.latency_ratio import Latencies
from relctl.statistics.proportion import LEAST_CLUSTERS, least_requests

SPREAD, SHARED, OF_ONE_SIDE = 0.35, 0.15, 0.075  # standard deviations of the logarithm of seconds
MIDDLE = -4.5
# The tail: a fifth of all requests, so that p95 lies well within it and the median well outside.
TAIL = float(numpy.exp(MIDDLE + 0.8416 * numpy.sqrt(SPREAD**2 + SHARED**2 + OF_ONE_SIDE**2)))


@dataclass(frozen=True)
class Releases:
    """Releases slower by the given factor, for requests of `beyond` seconds and more."""

    settings: LatencySettings
    rounds: int
    requests: int
    slower: float
    beyond: float

    def is_promoted(self, number: int) -> bool:
        """Judge one of them; every number is another one."""
        margins = _margins(self.settings)
        if latency_ratio.too_few(self.rounds, self.rounds * self.requests, list(margins)):
            return False
        measured = self._measured(number)
        ratios = latency_ratio.ratios(measured, list(margins), self.settings.seed)
        return latency_ratio.conclude(measured, ratios, margins).passed

    def truth(self) -> dict[str, float]:
        """Return the true factor by which the slow requests are slower."""
        return {"times_as_slow": round(self.slower, 3)}

    def _measured(self, number: int) -> Latencies:
        shape = (self.rounds, self.requests)
        draw = numpy.random.default_rng((number, *shape, round(1000 * self.slower), self.beyond > 0))
        weather = draw.normal(MIDDLE, SHARED, (self.rounds, 1))
        candidate, reference = (
            numpy.exp(draw.normal(0, SPREAD, shape) + draw.normal(weather, OF_ONE_SIDE)) for _ in range(2)
        )
        return Latencies(self._slowed(candidate), reference)

    def _slowed(self, seconds: Numbers) -> Numbers:
        return numpy.where(seconds >= self.beyond, self.slower, 1.0) * seconds


def releases(settings: LatencySettings) -> Iterator[tuple[str, str, float, Releases]]:
    """Yield every case: the sample, what is slower, by how many margins, and the releases."""
    margins = _margins(settings)
    least = -(-max(map(least_requests, margins)) // LEAST_CLUSTERS)
    every, tail = min(margins.values()), min(margin for at, margin in margins.items() if at > 90)
    for sample, rounds, requests in (
        (OWN, settings.rounds, settings.requests_of_a_round),
        (LEAST, LEAST_CLUSTERS, least),
        (TOO_FEW, LEAST_CLUSTERS - 1, 2 * least),
        (TOO_FEW, LEAST_CLUSTERS, least - 1),
    ):
        for where, margin, beyond in (("all", every, 0.0), ("tail", tail, TAIL)):
            for times in TIMES_MARGIN if where == "all" else TIMES_MARGIN[1:]:
                slower = 1 + times * margin
                worse = where if times else "nowhere"
                yield sample, worse, times, Releases(settings, rounds, requests, slower, beyond)


def _margins(settings: LatencySettings) -> dict[float, float]:
    return {float(name[1:]): margin for name, margin in settings.margins.items()}
