"""Extract the translation from an answer, or one sentence on what is wrong with it."""

import json
from http import HTTPStatus

from relctl.config.gates import Ask
from relctl.probe.traffic import Reply

_SHOWN = 120  # bytes of a wrong answer


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
    translation = found.get(ask.translation) if isinstance(found, dict) else None
    if not isinstance(translation, str):
        return "", f"no {ask.translation} in the answer: {shown}"
    if any("\ud800" <= sign <= "\udfff" for sign in translation):
        return "", f"a lone surrogate in the answer: {shown}"  # valid JSON, but no UTF-8 file can hold it
    return translation, ""
