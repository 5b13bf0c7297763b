"""Decide, failing closed, whether a release translates worse than another by more than a margin."""

from collections.abc import Mapping
from dataclasses import dataclass

from relctl.statistics.bootstrap import Difference, paired
from relctl.statistics.clusters import CONFIDENCE, Numbers
from relctl.statistics.proportion import LEAST_SENTENCES
from relctl.statistics.scores import Score

# Standard errors of a drop that a one-sided test at 5 % detects with 80 % power (1.645 + 0.842).
_TOLD_FROM_NONE = 2.487


@dataclass(frozen=True)
class Conclusion:
    """Whether a candidate passes, with one sentence for each reason."""

    passed: bool
    reasons: tuple[str, ...]


def too_few(sentences: int) -> str:
    """Return why that many sentences prove nothing, "" if they suffice."""
    if sentences >= LEAST_SENTENCES:
        return ""
    return f"{sentences} sentences are too few; {LEAST_SENTENCES} are needed"


def compare(counted: Mapping[Score, tuple[Numbers, Numbers]], seed: int) -> dict[str, Difference]:
    """Return the difference in every score, by its name, from both sides' counts of each sentence."""
    return {score.name: paired(score, *sides, seed) for score, sides in counted.items()}


def conclude(differences: Mapping[str, Difference], margins: Mapping[str, float]) -> Conclusion:
    """Pass only if every score's lower bound is above minus its margin (points, above 0).

    A drop as large as a margin is refused in about 95 % of cases, a larger one more often. A small sample
    also refuses good releases, and one below LEAST_SENTENCES refuses all.
    """
    few = too_few(min(difference.sentences for difference in differences.values()))
    if few:
        return Conclusion(False, (few,))
    worse = [name for name, difference in differences.items() if not difference.lower > -margins[name]]
    reasons = tuple(_words(name, differences[name], margins[name]) for name in worse or differences)
    return Conclusion(not worse, reasons)


def _words(name: str, difference: Difference, margin: float) -> str:
    bound = f"{100 * CONFIDENCE:g} % bound {difference.lower:+.2f}"
    return f"{name} {difference.value:+.2f} ({bound}), allowed {-margin:g}"


def told_from_none(difference: Difference) -> float:
    """Return the minimum detectable drop at 80 % power, in points."""
    return _TOLD_FROM_NONE * difference.error
