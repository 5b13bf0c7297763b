"""An odd text gets a translation, or a refusal that clients can read; whatever else comes back is a fault."""

import pytest

from relctl.config.gates import Ask
from relctl.probe.traffic import Reply
from relctl.verify.gates.contract import wrong_with

JSON, PROBLEM = "application/json", "application/problem+json"


@pytest.mark.parametrize(
    ("status", "kind", "body", "words"),
    [
        (200, JSON, b'{"translation": "x"}', ""),
        (200, JSON, b'{"translation": ""}', ""),
        (200, JSON, b'{"error": "no"}', 'no translation in the answer: {"error": "no"}'),
        (200, JSON, b'{"translation": null}', "no translation in the answer"),
        (200, JSON, b"[]", "no translation in the answer"),
        (200, JSON, b"", "the body is not JSON"),
        (200, PROBLEM, b'{"translation": "x"}', "content type application/problem+json"),
        (200, JSON, b'{"translation": "\xff"}', "the body is not UTF-8"),
        (200, JSON, '{"translation": "x"}'.encode("utf-16"), "the body is not UTF-8"),
        (201, JSON, b'{"translation": "x"}', "status 201"),
        *((status, PROBLEM, b"{}", "") for status in (400, 413, 415, 422)),
        *((status, PROBLEM, b"{}", f"status {status}: {{}}") for status in (301, 401, 403, 404, 405, 429)),
        *((status, PROBLEM, b"{}", f"status {status}: {{}}") for status in (500, 502, 503, 504)),
        (400, JSON, b"{}", "status 400 with content type application/json, not application/problem+json"),
        (400, "text/html", b"<html>", "status 400 with content type text/html"),
        (400, PROBLEM, b"<html>", "status 400, and no JSON object: <html>"),
        (400, PROBLEM, b"", "status 400, and no JSON object: "),
        (400, PROBLEM, b'"no"', 'status 400, and no JSON object: "no"'),
        (422, PROBLEM, "{}".encode("utf-16"), "the body is not UTF-8"),
    ],
)
def test_what_is_wrong_with_the_answer_is_named(status: int, kind: str, body: bytes, words: str) -> None:
    wrong = wrong_with(Reply(0, 0, 0, 1, status, kind, body, ""), Ask(), PROBLEM)
    assert wrong.startswith(words) if words else wrong == ""


def test_a_service_may_have_another_type_of_errors() -> None:
    refusal = Reply(0, 0, 0, 1, 400, JSON, b"{}", "")
    assert wrong_with(refusal, Ask(), JSON) == ""


def test_a_text_that_nobody_answers_is_a_fault() -> None:
    silent = Reply(0, 0, 0, 1, 0, "", b"", "no complete answer within 1 s")
    assert wrong_with(silent, Ask(), PROBLEM) == "no complete answer within 1 s"
