"""Gate `smoke`: every request of pipelines/smoke.yaml is answered as its expectation says."""

import time
from typing import Any

from relctl.config.pipeline import Case, SmokeSettings
from relctl.probe.cases import judge, send
from relctl.probe.service import Answer, UnreachableError
from relctl.verify.candidate import Candidate
from relctl.verify.verdict import Verdict, failed, passed

_PAUSE = 0.2  # seconds between attempts


def smoke(candidate: Candidate, settings: SmokeSettings, cases: tuple[Case, ...]) -> Verdict:
    """Send every case; only a request that nobody answered is sent again, a wrong answer stays wrong."""
    results = [_run(candidate, settings, case) for case in cases]
    wrong = [f"{result['name']}: {'; '.join(result['wrong'])}" for result in results if result["wrong"]]
    if wrong:
        return failed(f"{len(wrong)} of {len(results)} cases fail: {' | '.join(wrong)}", cases=results)
    return passed(f"{len(results)} cases answered as expected", cases=results)


def _run(candidate: Candidate, settings: SmokeSettings, case: Case) -> dict[str, Any]:
    for attempt in range(1, settings.attempts + 1):
        try:
            answer = send(candidate.service, case.request, settings.timeout)
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
