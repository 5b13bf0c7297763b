"""Send the request of a case and judge the answer, one sentence for each error."""

import json
import re
from typing import Any

from relctl.config.pipeline import Expectation, Request
from relctl.probe.service import Answer, ServiceDoor

_SHOWN_ERRORS = 3


def send(service: ServiceDoor, request: Request, timeout: float) -> Answer:
    """Send the request once; `timeout` in seconds; raises UnreachableError."""
    headers = {"content-type": request.content_type} if request.method == "POST" else {}
    return service.send(request.method, request.path, body_of(request), headers | request.headers, timeout)


def judge(expect: Expectation, answer: Answer) -> list[str]:
    """Return what is wrong with an answer; empty if it is as expected."""
    wrong = []
    if answer.status != expect.status:
        wrong.append(f"status {answer.status}, not {expect.status}: {_short(answer.body)}")
    found_type = answer.headers.get("content-type", "")
    if expect.content_type and found_type.split(";")[0].strip() != expect.content_type:
        wrong.append(f"content type {found_type!r}, not {expect.content_type}")
    if expect.json_ and not wrong:
        wrong += _judge_members(expect.json_, answer)
    if expect.schema_ is not None and not wrong:
        wrong += _judge_shape(expect.schema_, answer)
    return wrong


def _judge_shape(schema: dict[str, Any], answer: Answer) -> list[str]:
    from jsonschema import Draft202012Validator  # a rollback does not need it

    try:
        found = answer.json()
    except ValueError:
        return [f"the body is not JSON: {_short(answer.body)}"]
    errors = Draft202012Validator(schema).iter_errors(found)
    return [f"{error.json_path}: {error.message}" for error in errors][:_SHOWN_ERRORS]


def _judge_members(wanted: dict[str, str], answer: Answer) -> list[str]:
    try:
        found = answer.json()
    except ValueError:
        return [f"the body is not JSON: {_short(answer.body)}"]
    if not isinstance(found, dict):
        return [f"the body is not a JSON object: {_short(answer.body)}"]
    return [
        f"{key}: {_text(found[key])!r} does not match {pattern!r}" if key in found else f"{key} is missing"
        for key, pattern in wanted.items()
        if key not in found or not re.search(pattern, _text(found[key]))
    ]


def body_of(request: Request) -> bytes | None:
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
