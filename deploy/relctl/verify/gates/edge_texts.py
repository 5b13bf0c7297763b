"""Send texts that have broken services before, and judge the answers."""

import json
from http import HTTPStatus

from relctl.config.gates import Ask, ContractSettings
from relctl.probe.traffic import Plan, Reply
from relctl.verify.trial import exchange
from relctl.verify.trial.trial import Trial

TEXTS = (
    "😀👩‍👩‍👧‍👦🎉",
    "\u0000你好\u0007",
    "\u202e你好\u202c",
    "你好" + "\u0301" * 50,
    "\ufeff你好",
    "   ",
    "a" * 3_000,
)
# The statuses with which a service may refuse a text; any other means that it is broken or absent.
_REFUSALS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)
_NAMED = 20  # characters of a text
_SHOWN = 120  # bytes of a wrong answer


def ask(trial: Trial, settings: ContractSettings) -> list[str]:
    """Send all texts concurrently; return one sentence for each wrong answer."""
    plan = Plan(trial.pipeline.ask, len(TEXTS), settings.timeout)
    replies = trial.candidate.send(TEXTS, plan)
    judged = [wrong_with(reply, plan.ask, settings.error_type) for reply in replies]
    return [f"{text[:_NAMED]!r}: {wrong}" for text, wrong in zip(TEXTS, judged, strict=True) if wrong]


def wrong_with(reply: Reply, ask: Ask, error_type: str) -> str:
    """Return what is wrong with an answer, "" for a translation or a well-formed refusal."""
    shown = reply.body[:_SHOWN].decode(errors="replace")
    if not _is_utf8(reply.body):  # Python would also read JSON in UTF-16
        return f"the body is not UTF-8: {shown}"
    if reply.status not in _REFUSALS:
        return exchange.read(reply, ask)[1]
    if reply.content_type != error_type:
        return f"status {reply.status} with content type {reply.content_type}, not {error_type}"
    return "" if _is_object(reply.body) else f"status {reply.status}, and no JSON object: {shown}"


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):  # for example ten thousand nested brackets
        return False
