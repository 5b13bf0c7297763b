"""Texts that have broken services before, and what is wrong with the answers that a candidate gives them."""

import json
from http import HTTPStatus

from relctl.config.gates import Ask, ContractSettings
from relctl.probe import traffic, translation
from relctl.probe.traffic import Plan, Reply
from relctl.verify.trial import Trial

TEXTS = (
    "😀👩‍👩‍👧‍👦🎉",
    "\u0000你好\u0007",
    "\u202e你好\u202c",
    "你好" + "\u0301" * 50,
    "\ufeff你好",
    "   ",
    "a" * 3_000,
)
# What a service may say of a text that it does not take; any other status says that it is broken or absent.
_REFUSALS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)
_NAMED = 20  # characters of a text
_SHOWN = 120  # bytes of a wrong answer


def ask(trial: Trial, settings: ContractSettings) -> list[str]:
    """Send all of them together; one sentence for each that is answered wrongly."""
    plan = Plan(trial.pipeline.ask, len(TEXTS), settings.timeout)
    replies = traffic.send(trial.candidate.container.address, TEXTS, plan)
    judged = [wrong_with(reply, plan.ask, settings.error_type) for reply in replies]
    return [f"{text[:_NAMED]!r}: {wrong}" for text, wrong in zip(TEXTS, judged, strict=True) if wrong]


def wrong_with(reply: Reply, ask: Ask, error_type: str) -> str:
    """What is wrong with an answer, "" for a translation, or for a refusal that a client can read."""
    shown = reply.body[:_SHOWN].decode(errors="replace")
    if not _is_utf8(reply.body):  # JSON may be in UTF-16 too, as Python reads it
        return f"the body is not UTF-8: {shown}"
    if reply.status not in _REFUSALS:
        return translation.read(reply, ask)[1]
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
    except (ValueError, RecursionError):  # the latter from ten thousand brackets
        return False
