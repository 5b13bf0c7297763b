"""Compute corpus BLEU, chrF and TER from summed sentence statistics, for many resamples at a time.

sacrebleu counts the n-grams of each sentence and names the settings (its signature). The formulas are
reimplemented because sacrebleu computes one corpus at a time, and a bootstrap needs thousands. The tests
compare the two. Papineni et al. 2002 (BLEU, with the smoothing of NIST's mteval-v13a), Popović 2015 (chrF),
Snover et al. 2006 (TER).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy
from sacrebleu.metrics.base import Metric
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER

from relctl.statistics.clusters import Numbers

_BLEU_ORDER = 4
_BETA_SQUARED = 4.0  # chrF2: recall counts twice as much as precision


@dataclass(frozen=True)
class Score:
    """One translation measure: how to count sentences, and how to score a sum of counts.

    `of_sums` maps an array of shape (…, counts) to one of shape (…), in points from 0 to 100. TER, of which
    less is better, can exceed 100.
    """

    name: str
    metric: Callable[[], Metric]
    of_sums: Callable[[Numbers], Numbers]

    def count(self, translations: Sequence[str], references: Sequence[str]) -> Numbers:
        """Return the statistics of each sentence, of shape (sentences, counts)."""
        # sacrebleu's only access to them; its own bootstrap uses it too.
        found = self.metric()._extract_corpus_statistics(translations, [references])  # noqa: SLF001
        return numpy.asarray(found, dtype=numpy.float64)

    def of(self, statistics: Numbers) -> float:
        """Return the score of all sentences together."""
        return float(self.of_sums(statistics.sum(axis=0)))

    def signature(self) -> str:
        """Return what makes two scores comparable: tokenizer, smoothing, version of sacrebleu."""
        metric = self.metric()
        metric.corpus_score(["a"], [["a"]])  # the signature needs the number of references
        return str(metric.get_signature())


def _bleu(sums: Numbers) -> Numbers:
    length, reference = sums[..., 0], sums[..., 1]
    correct, total = sums[..., 2 : 2 + _BLEU_ORDER], sums[..., 2 + _BLEU_ORDER :]
    # An order without a match counts as half a match, the next one as a quarter, and so on.
    halvings = numpy.cumsum(correct == 0, axis=-1)
    smoothed = numpy.where(correct > 0, correct, 0.5**halvings)
    with numpy.errstate(divide="ignore", invalid="ignore"):
        logs = numpy.log(smoothed / total)
        brevity = numpy.where(length < reference, numpy.exp(1 - reference / length), 1.0)
        found = 100 * brevity * numpy.exp(logs.mean(axis=-1))
    known = (correct.sum(axis=-1) > 0) & (total.min(axis=-1) > 0)
    return numpy.where(known, found, 0.0)


def _chrf(sums: Numbers) -> Numbers:
    orders = sums.reshape(*sums.shape[:-1], -1, 3)
    said, wanted, matched = orders[..., 0], orders[..., 1], orders[..., 2]
    effective = (said > 0) & (wanted > 0)
    count = numpy.maximum(effective.sum(axis=-1), 1)
    with numpy.errstate(divide="ignore", invalid="ignore"):
        precision = numpy.where(effective, matched / said, 0.0).sum(axis=-1) / count
        recall = numpy.where(effective, matched / wanted, 0.0).sum(axis=-1) / count
        found = (1 + _BETA_SQUARED) * precision * recall / (_BETA_SQUARED * precision + recall)
    return numpy.where(precision + recall > 0, 100 * found, 0.0)


def _ter(sums: Numbers) -> Numbers:
    edits, length = sums[..., 0], sums[..., 1]
    with numpy.errstate(divide="ignore", invalid="ignore"):
        return numpy.where(length > 0, 100 * edits / length, numpy.where(edits > 0, 100.0, 0.0))


def _quiet_bleu() -> Any:
    return BLEU(force=True)  # a translation may end with " .": score it without a warning


BLEU_SCORE = Score("BLEU", _quiet_bleu, _bleu)
CHRF_SCORE = Score("chrF", CHRF, _chrf)
TER_SCORE = Score("TER", TER, _ter)
