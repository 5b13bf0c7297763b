"""Send the request of a case and judge the answer, one sentence for each error; ask some after the switch."""

import json
import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from relctl.errors import RelctlError
from relctl.probe.service import Answer, ServiceDoor, UnreachableError

if TYPE_CHECKING:
    from relctl.config.pipeline import Case, Expectation, Request

_SHOWN_ERRORS = 3
_WITHIN = 10.0  # seconds for all cases: users already have the new release
_EACH = 5.0


def send(service: ServiceDoor, request: "Request", timeout: float) -> Answer:
    """Send the request once; `timeout` in seconds; raises UnreachableError."""
    headers = {"content-type": request.content_type} if request.method == "POST" else {}
    return service.send(request.method, request.path, body_of(request), headers | request.headers, timeout)


def judge(expect: "Expectation", answer: Answer) -> list[str]:
    """Return what is wrong with an answer; empty if it is as expected."""
    wrong = []
    if answer.status != expect.status:
        wrong.append(f"status {answer.status}, not {expect.status}: {_short(answer.body)}")
    found_type = answer.headers.get("content-type", "")
    if expect.content_type and found_type.split(";")[0].strip() != expect.content_type:
        wrong.append(f"content type {found_type!r}, not {expect.content_type}")
    if wrong or not (expect.json_ or expect.schema_ is not None):
        return wrong
    try:
        found = answer.json()
    except ValueError:
        return [f"the body is not JSON: {_short(answer.body)}"]
    if expect.json_ and not isinstance(found, dict):
        return [f"the body is not a JSON object: {_short(answer.body)}"]
    return _judge_members(expect.json_, found) or _judge_shape(expect.schema_, found)


def _judge_shape(schema: dict[str, Any] | None, found: Any) -> list[str]:
    if schema is None:
        return []
    from jsonschema import Draft202012Validator  # a rollback does not need it

    errors = Draft202012Validator(schema).iter_errors(found)
    return [f"{error.json_path}: {error.message}" for error in errors][:_SHOWN_ERRORS]


def _judge_members(wanted: dict[str, str], found: Any) -> list[str]:
    return [
        f"{key}: {_text(found[key])!r} does not match {pattern!r}" if key in found else f"{key} is missing"
        for key, pattern in wanted.items()
        if key not in found or not re.search(pattern, _text(found[key]))
    ]


def body_of(request: "Request") -> bytes | None:
    """Return the bytes that a request sends, None if it has no body."""
    if request.body is not None:
        return request.body.encode()
    if request.json_ is None:
        return None
    value = request.json_
    if request.repeat:
        value = {**value, request.repeat.key: value[request.repeat.key] * request.repeat.times}
    return json.dumps(value, ensure_ascii=False).encode()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _short(body: bytes) -> str:
    return body[:160].decode(errors="replace")


class SmokeFailedError(RelctlError):
    """Users get another answer than a case of the pipeline expects."""

    usual_hint = "fix the release, or the case: after_switch is for what users get here, within seconds"


def ask(service: ServiceDoor, cases: Sequence["Case"]) -> None:
    """Send each case once, in order; raises SmokeFailedError for the first wrong answer."""
    deadline = time.monotonic() + _WITHIN
    for case in cases:
        wrong = _wrong(service, case, min(_EACH, deadline - time.monotonic()))
        if wrong:
            raise SmokeFailedError(f"users do not get what smoke case {case.name!r} expects: {wrong}")


def _wrong(service: ServiceDoor, case: "Case", timeout: float) -> str:
    if timeout <= 0:
        return f"it was not sent: all cases together have {_WITHIN:g} s"
    try:
        return "; ".join(judge(case.expect, send(service, case.request, timeout)))
    except UnreachableError as error:
        return error.message
