"""Gate `startup`: the candidate is ready within a limit after its container was started."""

import time

from relctl.config.gates import StartupSettings
from relctl.probe.ready import NeverReadyError, wait_until_ready
from relctl.probe.traffic import Plan
from relctl.verify.trial import exchange
from relctl.verify.trial.trial import Trial, Verdict, failed, passed


def startup(trial: Trial, settings: StartupSettings) -> Verdict:
    """Measure the seconds from the start of the container to the first 200 of `/readyz`."""
    candidate = trial.candidate
    contract = candidate.service.contract
    try:
        wait_until_ready(
            candidate.engine, candidate.container, contract, settings.ready_within, candidate.started
        )
    except NeverReadyError as error:
        return failed(error.message, *filter(None, [error.hint]), limit_seconds=settings.ready_within)
    seconds = round(time.monotonic() - candidate.started, 3)
    figures = {"seconds": seconds, "limit_seconds": settings.ready_within}
    if settings.text:
        # A ready service must answer the very next request.
        plan = Plan(trial.pipeline.ask, 1, settings.ready_within)
        [reply] = candidate.send_directly([settings.text], plan)
        _, wrong = exchange.read(reply, plan.ask)
        if wrong:
            return failed(f"ready after {seconds:.1f} s, but a text sent then got: {wrong}", **figures)
    return passed(f"ready {seconds:.1f} s after its start (limit {settings.ready_within:g} s)", **figures)
