"""Gate `quality`: translations of the data sets are good enough, and no worse than the live release's."""

from relctl.config.gates import DataSetSettings, QualitySettings
from relctl.probe.traffic import Plan
from relctl.statistics.clusters import CONFIDENCE, RESAMPLES
from relctl.statistics.quality_drop import too_few
from relctl.verify.quality.judging import Judged, alone, beside
from relctl.verify.trial import exchange
from relctl.verify.trial.trial import Trial
from relctl.verify.trial.verdict import Verdict, failed, passed


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
