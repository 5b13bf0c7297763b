"""Whether a release translates no worse than another one, by more than a margin: decided to fail closed."""

from collections.abc import Mapping
from dataclasses import dataclass

from relctl.statistics.clusters import Numbers
from relctl.statistics.least import LEAST_SENTENCES
from relctl.verify.statistics.bootstrap import Difference, paired
from relctl.verify.statistics.scores import Score

# A one-sided test at 5 % finds a drop of so many standard errors four times of five (1.645 + 0.842).
_TOLD_FROM_NONE = 2.487


@dataclass(frozen=True)
class Conclusion:
    """Whether a candidate passes, and one sentence for each thing that it rests on."""

    passed: bool
    reasons: tuple[str, ...]


def too_few(sentences: int) -> str:
    """Why so many sentences prove nothing, "" when they are enough."""
    if sentences >= LEAST_SENTENCES:
        return ""
    return f"{sentences} sentences are too few; {LEAST_SENTENCES} are needed"


def compare(counted: Mapping[Score, tuple[Numbers, Numbers]], seed: int) -> dict[str, Difference]:
    """The difference in every score, by its name, from what candidate and live count in each sentence."""
    return {score.name: paired(score, *sides, seed) for score, sides in counted.items()}


def conclude(differences: Mapping[str, Difference], margins: Mapping[str, float]) -> Conclusion:
    """Pass only when every score's lower bound is above minus its margin (points, above 0).

    A drop as large as a margin is then refused about 95 times of 100, and a larger one more often; a small
    sample refuses good releases too, and one below LEAST_SENTENCES all.
    """
    few = too_few(min(difference.sentences for difference in differences.values()))
    if few:
        return Conclusion(False, (few,))
    worse = [
        f"{name} may have dropped by {-difference.lower:.2f} points (measured {difference.value:+.2f}); "
        f"{margins[name]:g} are allowed"
        for name, difference in differences.items()
        if not difference.lower > -margins[name]
    ]
    if worse:
        return Conclusion(False, tuple(worse))
    return Conclusion(
        True,
        tuple(
            f"{name} {difference.value:+.2f} points, at worst {difference.lower:+.2f}"
            for name, difference in differences.items()
        ),
    )


def told_from_none(difference: Difference) -> float:
    """The smallest drop, in points, that this sample tells from none at all, four times of five."""
    return _TOLD_FROM_NONE * difference.error
