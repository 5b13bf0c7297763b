"""Simulated releases for the gate `quality`, judged as the gate judges: every data set, every score.

The sentences of both data sets are translated by both revisions of the embedded model. A release translates
each like the newer revision, a quarter like the older one; a bad one mixes up some of its answers. That is
the harder kind of damage: few sentences, each altogether wrong. Every release is judged on a fresh draw of
sentences. Floors and faults, which know no chance, are left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy
from numpy.typing import NDArray

from calibration.points import LEAST, OWN, TIMES_MARGIN, TOO_FEW
from relctl.config.gates import QualitySettings
from relctl.statistics import quality_drop
from relctl.statistics.clusters import Numbers
from relctl.statistics.proportion import LEAST_SENTENCES
from relctl.statistics.scores import BLEU_SCORE, CHRF_SCORE, Score
from scratch import ROOT
from service_parts import corpus, programs
from service_parts.models import Decoding

SCORES = {"bleu": BLEU_SCORE, "chrf": CHRF_SCORE}
MODELS = ROOT / "service" / "models" / "zh-en-tiny"
OLDER = 0.25  # of the sentences of any release are translated as the older revision does
Counts = dict[Score, Numbers]


@dataclass(frozen=True)
class Population:
    """Statistics of every sentence of a data set: as each revision says it, and mixed up."""

    newer: Counts
    older: Counts
    mixed_up: Counts

    @property
    def size(self) -> int:
        """Sentences."""
        return len(self.newer[CHRF_SCORE])

    def release(self, draw: numpy.random.Generator, chosen: NDArray[numpy.intp], bad: float) -> Counts:
        """Return the counts of a release for the sentences in `chosen`; `bad`: the part of them mixed up."""
        older = draw.random(len(chosen))[:, None] < OLDER
        worse = draw.random(len(chosen))[:, None] < bad
        return {
            score: numpy.where(
                worse,
                self.mixed_up[score][chosen],
                numpy.where(older, self.older[score][chosen], self.newer[score][chosen]),
            )
            for score in self.newer
        }

    def drop(self, score: Score, bad: float) -> float:
        """Return the exact true drop of a release in points, from its expected counts."""
        good = (1 - OLDER) * self.newer[score] + OLDER * self.older[score]
        return score.of(good) - score.of((1 - bad) * good + bad * self.mixed_up[score])


@dataclass(frozen=True)
class Releases:
    """Releases of one worth: sentences and part of mixed up answers, by data set."""

    settings: QualitySettings
    sizes: dict[str, int]
    bad: dict[str, float]

    def is_promoted(self, number: int) -> bool:
        """Judge one of them; every number is another one."""
        return all(self._passes(name, number) for name in self.sizes)

    def _passes(self, name: str, number: int) -> bool:
        if quality_drop.too_few(self.sizes[name]):
            return False
        found = population(name)
        draw = numpy.random.default_rng((number, *self.sizes.values(), round(1e6 * self.bad[name])))
        chosen = draw.integers(0, found.size, self.sizes[name])
        candidate = found.release(draw, chosen, self.bad[name])
        live = found.release(draw, chosen, 0.0)
        margins = {SCORES[score]: margin for score, margin in self.settings.margins.items()}
        counted = {score: (candidate[score], live[score]) for score in margins}
        differences = quality_drop.compare(counted, self.settings.seed)
        return quality_drop.conclude(
            differences, {each.name: margin for each, margin in margins.items()}
        ).passed

    def truth(self) -> dict[str, float]:
        """Return the true drop of each score in points."""
        return {
            f"{name} {score}": round(-population(name).drop(SCORES[score], bad), 2) + 0.0
            for name, bad in self.bad.items()
            for score in self.settings.margins
        }


@cache
def population(name: str) -> Population:
    """Translate a data set with both revisions."""
    pairs = corpus.dataset(name)
    sources, references = [source for source, _ in pairs], [reference for _, reference in pairs]
    newer, older = (_translations(revision, sources) for revision in ("2026.11", "2026.10"))
    said = (newer, older, newer[1:] + newer[:1])
    return Population(*({score: score.count(each, references) for score in SCORES.values()} for each in said))


def _translations(revision: str, sources: list[str]) -> list[str]:
    job = {
        "model": str(MODELS / revision / "ct2-int8"),
        "search": Decoding(4, 128).ctranslate2(),
        "texts": sources,
        "batch_sizes": (32,),
    }
    return list(programs.run("engine_alone", job)["translations"])


def releases(settings: QualitySettings) -> Iterator[tuple[str, str, float, Releases]]:
    """Yield every case: the sample, what is worse, by how many margins, and the releases."""
    names = [each.file.stem for each in settings.data_sets]
    own = {
        each.file.stem: min(each.sample or 10**9, population(each.file.stem).size)
        for each in settings.data_sets
    }
    for sample, sizes in (
        (OWN, own),
        (LEAST, dict.fromkeys(names, LEAST_SENTENCES)),
        (TOO_FEW, dict.fromkeys(names, LEAST_SENTENCES - 1)),
    ):
        yield sample, "nowhere", 0.0, Releases(settings, sizes, dict.fromkeys(names, 0.0))
        for name in names:
            for times in TIMES_MARGIN[1:]:
                bad = dict.fromkeys(names, 0.0) | {name: _part_mixed_up(name, settings, times)}
                yield sample, name, times, Releases(settings, sizes, bad)


def _part_mixed_up(name: str, settings: QualitySettings, times: float) -> float:
    """Return the part of answers to mix up so that one score drops by `times` margins, and none by more."""
    found, low, high = population(name), 0.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        drops = [found.drop(SCORES[score], middle) / margin for score, margin in settings.margins.items()]
        low, high = (middle, high) if max(drops) < times else (low, middle)
    return low
