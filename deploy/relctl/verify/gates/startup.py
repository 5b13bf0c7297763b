"""Gate `startup`: the candidate is ready within a limit after its container was started."""

import time

from relctl.config.pipeline import StartupSettings
from relctl.probe.ready import NeverReadyError, wait_until_ready
from relctl.verify.candidate import Candidate
from relctl.verify.verdict import Verdict, failed, passed


def startup(candidate: Candidate, settings: StartupSettings) -> Verdict:
    """Measure the seconds from the start of the container to the first `/readyz` 200."""
    left = settings.ready_within - (time.monotonic() - candidate.started)
    contract = candidate.project.versions.contract
    try:
        wait_until_ready(candidate.engine, candidate.container, contract, left)
    except NeverReadyError as error:
        return failed(error.message, limit_seconds=settings.ready_within)
    seconds = round(time.monotonic() - candidate.started, 3)
    figures = {"seconds": seconds, "limit_seconds": settings.ready_within}
    return passed(f"ready {seconds:.1f} s after its start (limit {settings.ready_within:g} s)", **figures)
