"""Ask a candidate for translations, and for the answers to the cases of a file."""

import json
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from relctl.config.gates import Ask
from relctl.config.pipeline import Case
from relctl.errors import RelctlError
from relctl.probe.cases import judge, send
from relctl.probe.service import Answer, UnreachableError
from relctl.probe.traffic import Plan, Reply
from relctl.verify.trial.candidate import Candidate

_EVERY = 2.0  # seconds between progress messages
_SHOWN = 120  # bytes of a wrong answer
_PAUSE = 0.2  # seconds between attempts


class NoTranslationError(RelctlError):
    """A release did not translate what it was sent."""


def translate(release: Candidate, texts: Sequence[str], plan: Plan, say: Callable[[str], None]) -> list[str]:
    """Return the translations of all texts, in order; raises NoTranslationError with the first errors."""
    replies = release.send(texts, plan, progress(len(texts), say))
    found = [read(reply, plan.ask) for reply in replies]
    wrong = [f"text {number + 1}: {words}" for number, (_, words) in enumerate(found) if words]
    if wrong:
        raise NoTranslationError(
            f"{len(wrong)} of {len(texts)} texts got no translation from {release.called}: "
            f"{'; '.join(wrong[:3])}"
        )
    return [text for text, _ in found]


def progress(total: int, say: Callable[[str], None], what: str = "requests") -> Callable[[int], None]:
    """Return the callback that reports a load's number of replies so far."""
    next_time = time.monotonic() + _EVERY

    def done(number: int) -> None:
        nonlocal next_time
        if number < total and time.monotonic() >= next_time:
            next_time = time.monotonic() + _EVERY
            say(f"  {number} of {total} {what}")

    return done


def read(reply: Reply, ask: Ask) -> tuple[str, str]:
    """Return the translation and "", or "" and what is wrong with the answer."""
    if reply.error:
        return "", reply.error
    shown = reply.body[:_SHOWN].decode(errors="replace")
    if reply.status != HTTPStatus.OK:
        return "", f"status {reply.status}: {shown}"
    if reply.content_type != "application/json":
        return "", f"content type {reply.content_type}: {shown}"
    try:
        found = json.loads(reply.body)
    except (ValueError, RecursionError):  # for example endlessly nested brackets
        return "", f"the body is not JSON: {shown}"
    text = found.get(ask.translation) if isinstance(found, dict) else None
    if not isinstance(text, str):
        return "", f"no {ask.translation} in the answer: {shown}"
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        return "", f"a lone surrogate in the answer: {shown}"  # valid JSON, but no UTF-8 file can hold it
    return text, ""


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
