"""Select the sentences that a person should read before a release takes traffic."""

from collections.abc import Sequence
from typing import Any

from relctl.statistics.scores import CHRF_SCORE

SHOWN = 10


def worst(
    sources: Sequence[str], references: Sequence[str], candidate: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the translations with the lowest chrF, except those equal to the reference."""
    scores = _scores(candidate, references)
    differing = [number for number in range(len(sources)) if candidate[number] != references[number]]
    order = sorted(differing, key=lambda number: scores[number])[:SHOWN]
    return [
        {
            "source": sources[number],
            "reference": references[number],
            "candidate": candidate[number],
            "chrf": round(scores[number], 1),
        }
        for number in order
    ]


def most_changed(
    sources: Sequence[str], references: Sequence[str], candidate: Sequence[str], live: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the translations that differ from the live release's, by the size of their chrF change."""
    ours, theirs = _scores(candidate, references), _scores(live, references)
    changed = [number for number in range(len(sources)) if candidate[number] != live[number]]
    order = sorted(changed, key=lambda number: -abs(ours[number] - theirs[number]))[:SHOWN]
    return [
        {
            "source": sources[number],
            "reference": references[number],
            "candidate": candidate[number],
            "live": live[number],
            "chrf_change": round(ours[number] - theirs[number], 1),
        }
        for number in order
    ]


def _scores(translations: Sequence[str], references: Sequence[str]) -> list[float]:
    counts = CHRF_SCORE.count(translations, references)
    return [float(score) for score in CHRF_SCORE.of_sums(counts)]
