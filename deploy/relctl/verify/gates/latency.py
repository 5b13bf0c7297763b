"""Gate `latency`: at a fixed request rate, answers take no longer than the live release's."""

import statistics as middle
from collections.abc import Sequence
from typing import Any

import numpy

from relctl.config.gates import LatencySettings
from relctl.probe.traffic import Plan, Reply
from relctl.statistics import latency_ratio as statistics
from relctl.statistics.clusters import CONFIDENCE, RESAMPLES, Numbers
from relctl.statistics.latency_ratio import Latencies, Ratio
from relctl.verify.trial import exchange
from relctl.verify.trial.candidate import Candidate
from relctl.verify.trial.exchange import NoTranslationError, progress
from relctl.verify.trial.trial import Trial, Verdict, failed, passed

_CLIENTS = 32  # connections of a side: more than requests run concurrently at any sensible rate
_PERCENTILES = {"p50": 50.0, "p95": 95.0, "p99": 99.0}


def latency(trial: Trial, settings: LatencySettings) -> Verdict:
    """Measure candidate and reference in alternating rounds, and compare percentiles.

    Both are reached directly: what Nginx adds to both would only hide a part of their ratio.

    Requests are sent at fixed times, so a stall delays all requests due during it, not only one.
    """
    reference = trial.reference()
    sides = [trial.candidate] if reference is None else [trial.candidate, reference]
    rounds = _measure(trial, settings, sides)
    waited = [[[reply.seconds for reply in replies] for replies in side] for side in rounds]
    verdict = _judge(settings, [numpy.asarray(side) for side in waited])
    verdict.figures["sent_late_ms"] = _lateness(rounds)
    return verdict


def _lateness(rounds: Sequence[Sequence[Sequence[Reply]]]) -> dict[str, float]:
    """Return how late requests were sent, in milliseconds: the error of the measurement itself."""
    late = [1000 * (reply.sent - reply.due) for side in rounds for replies in side for reply in replies]
    return {name: round(float(numpy.percentile(late, percent)), 3) for name, percent in _PERCENTILES.items()}


def _measure(trial: Trial, settings: LatencySettings, sides: Sequence[Candidate]) -> list[list[list[Reply]]]:
    """Return the replies, by side and round."""
    sources = trial.pipeline.data_sets[settings.data_set].sources
    rounds: list[list[list[Reply]]] = [[] for _ in sides]
    say = progress(settings.rounds, trial.say, "rounds")
    for number in range(settings.rounds + 1):
        texts = trial.fresh(sources, settings.requests_of_a_round)
        # The order alternates, so that a trend of the machine affects both sides equally.
        order = list(zip(rounds, sides, strict=True))
        for found, side in order if number % 2 else reversed(order):
            found.append(_round(trial, settings, side, texts))
        if number:
            say(number)
    return [found[1:] for found in rounds]  # the first round was a warm-up


def _round(trial: Trial, settings: LatencySettings, side: Candidate, texts: Sequence[str]) -> list[Reply]:
    plan = Plan(trial.pipeline.ask, _CLIENTS, settings.timeout, settings.rate, settings.burst)
    replies = side.send_directly(texts, plan)
    wrong = [words for reply in replies if (words := exchange.read(reply, plan.ask)[1])]
    if wrong:
        raise NoTranslationError(f"{len(wrong)} of {len(texts)} requests to {side.called} failed: {wrong[0]}")
    return replies


def _judge(settings: LatencySettings, measured: list[Numbers]) -> Verdict:
    candidate = measured[0]
    percentiles = [_PERCENTILES[name] for name in settings.margins]
    figures: dict[str, Any] = {
        "rate_per_second": settings.rate,
        "burst": settings.burst,
        "rounds": len(candidate),
        "requests": candidate.size,
        "seed": settings.seed,
        "resamples": RESAMPLES,
        "confidence": CONFIDENCE,
        "margins": settings.margins,
        "max_p95_ms": 1000 * settings.max_p95,
        "candidate_ms": _described(candidate),
    }
    p95 = float(numpy.percentile(candidate, 95))
    wrong = []
    if not p95 <= settings.max_p95:
        wrong.append(f"p95 is {1000 * p95:.0f} ms (limit {1000 * settings.max_p95:.0f} ms)")
    right = [f"p95 {1000 * p95:.0f} ms"]
    if len(measured) > 1:
        both = Latencies(*measured)
        ratios = statistics.ratios(both, percentiles, settings.seed)
        margins = {_PERCENTILES[name]: margin for name, margin in settings.margins.items()}
        conclusion = statistics.conclude(both, ratios, margins)
        figures["live_ms"] = _described(measured[1])
        figures["ratios"] = {f"p{ratio.percentile:g}": _ratio(ratio) for ratio in ratios}
        (right if conclusion.passed else wrong).extend(conclusion.reasons)
    return failed(*wrong, **figures) if wrong else passed(*right, **figures)


def _described(seconds: Numbers) -> dict[str, Any]:
    """Return percentiles, and a sample of latencies for the report's chart, in milliseconds."""
    every = numpy.sort(seconds.reshape(-1)) * 1000
    points = numpy.linspace(0, len(every) - 1, min(200, len(every))).astype(int)
    return {
        **{name: round(float(numpy.percentile(every, percent)), 3) for name, percent in _PERCENTILES.items()},
        "max": round(float(every[-1]), 3),
        "mean": round(middle.fmean(every), 3),
        "quantiles": [round(float(every[point]), 2) for point in points],
    }


def _ratio(ratio: Ratio) -> dict[str, float]:
    return {"value": round(ratio.value, 4), "lower": round(ratio.lower, 4), "upper": round(ratio.upper, 4)}
