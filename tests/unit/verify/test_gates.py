"""Gates and cases: what is wrong is named, and what cannot be judged fails."""

import json
from dataclasses import replace
from typing import Any, cast

import pytest

from relctl.config.pipeline import Expectation, Request
from relctl.engine.protocol import Image
from relctl.probe.cases import body_of, judge
from relctl.probe.identity import Identity, disagreements
from relctl.probe.service import Answer, UnreachableError
from relctl.release import Tag
from relctl.verify.candidate import Candidate
from relctl.verify.gates.identity import label_errors
from relctl.verify.run import run_gates
from relctl.verify.verdict import Verdict, failed, passed

TAG = Tag("1.0.0", "abc12de")
REVISION = "abc12de" + "0" * 33
GOOD = Image(
    id="sha256:1",
    tags=(f"svc:{TAG}",),
    labels={
        "io.relctl.service": "svc",
        "io.relctl.tag": str(TAG),
        "org.opencontainers.image.version": "1.0.0",
        "org.opencontainers.image.revision": REVISION,
    },
    layers=(),
    user="65532:65532",
    size_bytes=1,
)


def answer(body: object, status: int = 200, content_type: str = "application/json; charset=utf-8") -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, {"content-type": content_type}, content, 0.01)


def expect(**members: Any) -> Expectation:
    return Expectation.model_validate({"status": 200, **members})


@pytest.mark.parametrize(
    ("expectation", "found", "wrong"),
    [
        (expect(), answer({}), ""),
        (expect(json={"a": "^x$"}), answer({"a": "x"}), ""),
        (expect(json={"ok": "^true$", "n": "^3$"}), answer({"ok": True, "n": 3}), ""),
        (expect(content_type="application/json"), answer({}), ""),
        (expect(), answer({"error": "no"}, 500), 'status 500, not 200: {"error": "no"}'),
        (
            expect(content_type="text/html"),
            answer({}),
            "content type 'application/json; charset=utf-8', not text/html",
        ),
        (expect(json={"a": "^x$"}), answer({"a": "xy"}), "a: 'xy' does not match '^x$'"),
        (expect(json={"a": "x"}), answer({}), "a is missing"),
        (expect(json={"a": "x"}), answer([1]), "the body is not a JSON object: [1]"),
        (expect(json={"a": "x"}), answer(b"<html>"), "the body is not JSON: <html>"),
    ],
)
def test_an_answer_is_judged_by_status_type_and_members(
    expectation: Expectation, found: Answer, wrong: str
) -> None:
    assert "; ".join(judge(expectation, found)) == wrong


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"io.relctl.service": "other"}, "the labels name service 'other', not 'svc'"),
        ({"io.relctl.tag": "v2.0.0-abc12de"}, "the labels name tag 'v2.0.0-abc12de'"),
        ({"org.opencontainers.image.version": "2.0.0"}, "the labels name version '2.0.0'"),
        ({"org.opencontainers.image.revision": "f" * 40}, f"the labels name commit '{'f' * 40}'"),
        ({"org.opencontainers.image.revision": "abc12de"}, "the labels name commit 'abc12de'"),
    ],
)
def test_a_label_that_does_not_fit_the_tag_is_named(changes: dict[str, str], words: str) -> None:
    assert label_errors(GOOD, TAG, "svc") == []
    image = replace(GOOD, labels={**GOOD.labels, **changes})
    assert label_errors(image, TAG, "svc") == [words]


@pytest.mark.parametrize("user", ["", "root", "0", "0:0", "root:65532"])
def test_an_image_that_runs_as_root_is_named(user: str) -> None:
    assert label_errors(replace(GOOD, user=user), TAG, "svc") == [f"the image runs as {user or 'root'}"]


def test_a_version_that_contradicts_the_labels_is_named() -> None:
    labels = Identity("v1.0.0-abc12de", "1.0.0", REVISION, "aaa")
    info = {"tag": "v1.0.0-abc12de", "version": "1.0.0", "revision": REVISION, "model": {"sha256": "bbb"}}
    assert disagreements(labels, Identity.of_info(info)) == [
        "model_sha256: the labels say 'aaa', /version says 'bbb'"
    ]


@pytest.mark.parametrize("info", [{}, {"model": None}, {"model": "x", "tag": 3}])
def test_a_version_without_what_it_must_hold_is_no_crash(info: dict[str, Any]) -> None:
    labels = Identity("v1.0.0-abc12de", "1.0.0", REVISION, "aaa")
    assert len(disagreements(labels, Identity.of_info(info))) == 4


def gate(verdict: Verdict | Exception) -> Any:
    def run(candidate: Candidate) -> Verdict:
        if isinstance(verdict, Exception):
            raise verdict
        return verdict

    return run


def outcomes(*gates: tuple[str, Any]) -> list[tuple[str, str]]:
    nobody = cast("Candidate", None)
    return [(each.name, each.verdict) for each in run_gates(gates, nobody, lambda _: None)]


def test_every_gate_after_a_failed_start_is_recorded_as_not_run() -> None:
    found = outcomes(
        ("startup", gate(failed("no"))), ("identity", gate(passed("ok"))), ("smoke", gate(passed("ok")))
    )
    assert found == [("startup", "fail"), ("identity", "not run"), ("smoke", "not run")]


def test_a_gate_that_fails_does_not_keep_the_next_from_running() -> None:
    found = outcomes(
        ("startup", gate(passed("ok"))), ("identity", gate(failed("no"))), ("smoke", gate(passed("ok")))
    )
    assert found == [("startup", "pass"), ("identity", "fail"), ("smoke", "pass")]


def test_a_gate_that_cannot_run_fails() -> None:
    assert outcomes(("smoke", gate(UnreachableError("gone")))) == [("smoke", "fail")]


def test_a_repeated_member_makes_the_body_long() -> None:
    request = Request.model_validate(
        {"path": "/translate", "json": {"text": "好"}, "repeat": {"key": "text", "times": 20000}}
    )
    assert json.loads(body_of(request) or b"") == {"text": "好" * 20000}


def test_a_body_is_sent_as_it_stands() -> None:
    assert body_of(Request.model_validate({"path": "/x", "body": '{"text": "你'})) == '{"text": "你'.encode()
    assert body_of(Request.model_validate({"path": "/x", "method": "GET"})) is None
