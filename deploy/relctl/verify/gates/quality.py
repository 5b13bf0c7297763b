"""Gate `quality`: translations of the data sets are good enough, and no worse than the live release's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from relctl.config.gates import DataSetSettings, Fault, QualitySettings
from relctl.config.gates import Score as ScoreName
from relctl.config.pipeline import DataSet
from relctl.probe.traffic import Plan
from relctl.statistics import quality_drop as statistics
from relctl.statistics.clusters import CONFIDENCE, RESAMPLES
from relctl.statistics.quality_drop import Difference, too_few
from relctl.statistics.scores import BLEU_SCORE, CHRF_SCORE, TER_SCORE, Score
from relctl.verify.gates import faults
from relctl.verify.trial import exchange
from relctl.verify.trial.trial import Trial, Verdict, failed, passed

_SCORES: dict[ScoreName, Score] = {"bleu": BLEU_SCORE, "chrf": CHRF_SCORE}
_SHOWN_SCORES = (BLEU_SCORE, CHRF_SCORE, TER_SCORE)
SHOWN = 10


@dataclass(frozen=True)
class Judged:
    """The result for one data set: figures for evidence and report, and words for what is wrong and right."""

    figures: dict[str, Any]
    wrong: list[str]
    right: list[str]

    def __add__(self, more: "Judged") -> "Judged":
        return Judged(self.figures | more.figures, self.wrong + more.wrong, self.right + more.right)


def quality(trial: Trial, settings: QualitySettings) -> Verdict:
    """Translate every data set with the candidate and with the live release, and compare."""
    judged = [_judge(trial, settings, each) for each in settings.data_sets]
    figures = {
        "seed": settings.seed,
        "resamples": RESAMPLES,
        "confidence": CONFIDENCE,
        "margins": settings.margins,
        "data_sets": [each.figures for each in judged if each.figures],
    }
    wrong = [words for each in judged for words in each.wrong]
    if wrong:
        return failed(*wrong, **figures)
    return passed(*(words for each in judged for words in each.right), **figures)


def _judge(trial: Trial, settings: QualitySettings, chosen: DataSetSettings) -> Judged:
    data = trial.pipeline.data_sets[chosen.file].sample(chosen.sample)
    few = too_few(len(data.sources))
    if few:
        return Judged({}, [f"{data.name}: {few}"], [])
    plan = Plan(trial.pipeline.ask, settings.clients, settings.timeout)
    reference = trial.reference()
    trial.say(f"  {data.name}: {len(data.sources)} sentences")
    translations = exchange.translate(trial.candidate, data.sources, plan, trial.say)
    judged = alone(data, translations, chosen)
    if reference is None:
        return judged
    live = exchange.translate(reference, data.sources, plan, trial.say)
    return judged + beside(data, translations, live, settings)


def alone(data: DataSet, translations: Sequence[str], chosen: DataSetSettings) -> Judged:
    """Compare the translations with the references: count faults, and check scores against their floors."""
    counted = _faults(data, translations)
    scores = {score.name: score.of(score.count(translations, data.references)) for score in _SHOWN_SCORES}
    wrong = [
        f"{data.name}: {number} translations with fault {fault}, {chosen.allowed.get(fault, 0)} allowed"
        for fault, number in counted.items()
        if number > chosen.allowed.get(fault, 0)
    ]
    wrong += [
        f"{data.name}: {_SCORES[name].name} {scores[_SCORES[name].name]:.1f} is below {floor:g}"
        for name, floor in chosen.floors.items()
        if not scores[_SCORES[name].name] >= floor
    ]
    figures = {
        "name": data.name,
        "sha256": data.sha256,
        "sentences": len(data.sources),
        "scores": {name: round(value, 3) for name, value in scores.items()},
        "signatures": {score.name: score.signature() for score in _SHOWN_SCORES},
        "floors": chosen.floors,
        "faults": counted,
        "allowed": chosen.allowed,
        "sources": list(data.sources),
        "translations": list(translations),
        "worst": worst(data.sources, data.references, translations),
    }
    right = f"{data.name}: " + ", ".join(f"{name} {value:.1f}" for name, value in scores.items())
    return Judged(figures, wrong, [right])


def beside(
    data: DataSet, translations: Sequence[str], live: Sequence[str], settings: QualitySettings
) -> Judged:
    """Compare the translations with the live release's: faults, and scores by their margins."""
    margins = {_SCORES[name]: margin for name, margin in settings.margins.items()}
    counted = {
        score: (score.count(translations, data.references), score.count(live, data.references))
        for score in margins
    }
    compared = statistics.compare(counted, settings.seed)
    conclusion = statistics.conclude(compared, {score.name: margin for score, margin in margins.items()})
    words = [f"{data.name}: {reason}" for reason in conclusion.reasons]
    ours, theirs = _faults(data, translations), _faults(data, live)
    wrong = [f"{data.name}: {more}" for more in more_faults(ours, theirs)]
    figures = {
        "against_live": {name: _described(difference) for name, difference in compared.items()},
        "faults_of_live": theirs,
        "changed": sum(one != other for one, other in zip(translations, live, strict=True)),
        "most_changed": most_changed(data.sources, data.references, translations, live),
    }
    if conclusion.passed:
        return Judged(figures, wrong, words)
    return Judged(figures, wrong + words, [])


def more_faults(candidate: Mapping[Fault, int], live: Mapping[Fault, int]) -> list[str]:
    """Return one sentence for each fault that the candidate has more often than live, whatever is allowed."""
    return [
        f"{number} translations with fault {fault}, live has {live.get(fault, 0)}"
        for fault, number in candidate.items()
        if number > live.get(fault, 0)
    ]


def _faults(data: DataSet, translations: Sequence[str]) -> dict[Fault, int]:
    return faults.count(list(zip(data.sources, translations, data.references, strict=True)))


def _described(difference: Difference) -> dict[str, float | None]:
    return {
        "candidate": round(difference.candidate, 3),
        "live": round(difference.reference, 3),
        "difference": round(difference.value, 3),
        "lower": round(difference.lower, 3),
        "upper": round(difference.upper, 3),
        "standard_error": round(difference.error, 3),
        # Without any difference the variance between sentences is unknown.
        "smallest_detectable": round(statistics.told_from_none(difference), 3) if difference.error else None,
    }


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
