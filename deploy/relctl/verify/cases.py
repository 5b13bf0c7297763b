"""Send the cases of a file to a candidate and record the results."""

import time
from collections.abc import Sequence
from typing import Any

from relctl.config.pipeline import Case
from relctl.probe.cases import judge, send
from relctl.probe.service import Answer, UnreachableError
from relctl.verify.candidate import Candidate

_PAUSE = 0.2  # seconds between attempts


def run(candidate: Candidate, cases: Sequence[Case], attempts: int, timeout: float) -> list[dict[str, Any]]:
    """Return one result for each case; only unanswered requests are retried, never wrong answers."""
    return [_run(candidate, case, attempts, timeout) for case in cases]


def wrong(results: Sequence[dict[str, Any]]) -> list[str]:
    """Return one sentence for each case that failed."""
    return [f"{result['name']}: {'; '.join(result['wrong'])}" for result in results if result["wrong"]]


def _run(candidate: Candidate, case: Case, attempts: int, timeout: float) -> dict[str, Any]:
    for attempt in range(1, attempts + 1):
        try:
            answer = send(candidate.users, case.request, timeout)
        except UnreachableError as error:
            result = _result(case, attempt, [error.message])
            time.sleep(_PAUSE)
        else:
            return _result(case, attempt, judge(case.expect, answer), answer)
    return result


def _result(case: Case, attempts: int, wrong: list[str], answer: Answer | None = None) -> dict[str, Any]:
    found = {"name": case.name, "attempts": attempts, "wrong": wrong}
    if answer is not None:
        found |= {"status": answer.status, "ms": round(answer.seconds * 1000, 1)}
    return found
