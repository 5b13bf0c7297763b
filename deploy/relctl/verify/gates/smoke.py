"""Gate `smoke`: every request of pipelines/smoke.yaml is answered as expected."""

from relctl.config.gates import SmokeSettings
from relctl.verify.trial import exchange
from relctl.verify.trial.trial import Trial, Verdict, failed, passed


def smoke(trial: Trial, settings: SmokeSettings) -> Verdict:
    """Send every case."""
    chosen = trial.pipeline.cases[settings.title]
    results = exchange.run(trial.candidate, chosen, settings.attempts, settings.timeout)
    wrong = exchange.wrong(results)
    if wrong:
        return failed(*wrong, cases=results)
    return passed(f"{len(results)} cases answered as expected", cases=results)
