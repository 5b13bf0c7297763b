"""Gates and cases: what is wrong is named, and what cannot be judged fails."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from relctl.config.gates import GateSection, IdentitySettings, SmokeSettings, StartupSettings
from relctl.config.pipeline import Expectation, Request
from relctl.engine.protocol import Container, Image
from relctl.probe.cases import body_of, judge
from relctl.probe.service import Answer, Identity, UnreachableError, disagreements
from relctl.state.evidence import overall
from relctl.tag import Tag
from relctl.verify.gates.identity import label_errors
from relctl.verify.trial.trial import Progress, Trial, Verdict, failed, passed
from relctl.verify.verify import run_gates

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


class Subjects:
    """A trial whose candidate runs until a gate ends it."""

    def __init__(self) -> None:
        self.running = True
        self.ready = False
        self.beside = ""
        self.words = self.memory = ""
        self.said: list[str] = []
        self.say = Progress(self.said.append)
        container = Container("candidate", "sha256:1", {}, True, 0, 0, "127.0.0.1:1")
        self.started_as = container
        service = SimpleNamespace(is_ready=lambda: self.ready)
        self.candidate = SimpleNamespace(
            engine=self,
            container=container,
            service=service,
            end=self.end,
            new_words_of_nginx=self.new_words,
            out_of_memory=lambda: self.memory,
        )

    def container(self, name: str) -> Container:
        return replace(self.started_as, running=self.running, exit_code=0 if self.running else 137)

    def logs(self, name: str, lines: int) -> str:
        return "out of memory"

    def new_words(self) -> str:
        words, self.words = self.words, ""
        return words

    def reference_end(self) -> str:
        return self.beside

    def end(self) -> str:
        return "" if self.running else "the candidate has ended with 137"


STARTUP = StartupSettings(gate="startup", ready_within="1s")
IDENTITY = IdentitySettings(gate="identity")
SMOKE = SmokeSettings(gate="smoke", cases="x")


@pytest.fixture
def trial() -> Subjects:
    return Subjects()


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Tell what the gates say: a verdict, or an exception that they raise."""

    def plant(**verdicts: Verdict | Exception | Callable[[Any], Verdict]) -> None:
        def gate(name: str) -> Callable[[Any, GateSection], Verdict]:
            def run(found: Any, settings: GateSection) -> Verdict:
                verdict = verdicts[name]
                if isinstance(verdict, Exception):
                    raise verdict
                return verdict(found) if callable(verdict) else verdict

            return run

        kinds = {"startup": StartupSettings, "identity": IdentitySettings, "smoke": SmokeSettings}
        monkeypatch.setattr("relctl.verify.verify.GATES", {kinds[name]: gate(name) for name in verdicts})

    return plant


def outcomes(trial: Subjects, *settings: GateSection) -> list[tuple[str, str]]:
    return [(each.name, each.verdict) for each in run_gates(settings, cast("Trial", trial))]


def test_every_gate_after_a_failed_start_is_recorded_as_not_run(trial: Subjects, says: Any) -> None:
    says(startup=failed("no"), identity=passed("ok"), smoke=passed("ok"))
    found = outcomes(trial, STARTUP, IDENTITY, SMOKE)
    assert found == [("startup", "fail"), ("identity", "not run"), ("smoke", "not run")]


def test_a_candidate_that_is_ready_too_late_is_looked_at_all_the_same(trial: Subjects, says: Any) -> None:
    says(startup=failed("no"), identity=passed("ok"))
    trial.ready = True
    assert outcomes(trial, STARTUP, IDENTITY) == [("startup", "fail"), ("identity", "pass")]


def test_a_gate_that_fails_does_not_keep_the_next_from_running(trial: Subjects, says: Any) -> None:
    says(startup=passed("ok"), identity=failed("no"), smoke=passed("ok"))
    found = outcomes(trial, STARTUP, IDENTITY, SMOKE)
    assert found == [("startup", "pass"), ("identity", "fail"), ("smoke", "pass")]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (UnreachableError("gone"), "could not run: gone"),
        (RecursionError("too deep"), "could not run: RecursionError: too deep"),
        (
            OSError(28, "No space left on device"),
            "could not run: OSError: [Errno 28] No space left on device",
        ),
    ],
)
def test_a_gate_that_cannot_run_fails_and_the_next_one_runs(
    trial: Subjects, says: Any, error: Exception, words: str
) -> None:
    says(smoke=error, identity=passed("ok"))
    [first, second] = run_gates([SMOKE, IDENTITY], cast("Trial", trial))
    assert (first.verdict, first.reason, second.verdict) == ("fail", words, "pass")


def test_halves_of_characters_do_not_keep_a_verdict_from_being_written(trial: Subjects, says: Any) -> None:
    says(smoke=failed("it said \ud83d", said=["\ud83d", "好"]))
    [found] = run_gates([SMOKE], cast("Trial", trial))
    assert found.reason == "it said ?"
    assert found.figures == {"said": ["?", "好"]}
    assert found.model_dump_json().encode()


def test_a_gate_that_says_nothing_is_said_to_run(trial: Subjects, says: Any) -> None:
    trial.say = Progress(trial.said.append, silent=0.02)

    def takes_long(found: Any) -> Verdict:
        deadline = time.monotonic() + 30
        while not any("gate smoke runs for" in words for words in trial.said) and time.monotonic() < deadline:
            time.sleep(0.005)
        return passed("ok")

    says(smoke=takes_long)
    assert outcomes(trial, SMOKE) == [("smoke", "pass")]
    assert re.fullmatch(r"  gate smoke runs for \d+ s", trial.said[1])


def test_a_gate_that_is_off_is_not_run_and_says_why(trial: Subjects, says: Any) -> None:
    says(smoke=passed("ok"), identity=failed("no"))
    off = IDENTITY.model_copy(update={"off": "until the label is there"})
    [first, second] = run_gates([off, SMOKE], cast("Trial", trial))
    assert (first.verdict, first.reason) == ("off", "until the label is there")
    assert second.verdict == "pass"
    assert overall([first, second]) == "pass"
    assert overall([first]) == "fail"


def test_a_reference_that_ended_is_named_before_what_failed_by_it(trial: Subjects, says: Any) -> None:
    says(smoke=failed("1 of 20 requests failed"), identity=passed("ok"))
    trial.beside = "the live release beside it has ended with 137"
    [first, second] = run_gates([SMOKE, IDENTITY], cast("Trial", trial))
    assert first.reason == "the live release beside it has ended with 137; 1 of 20 requests failed"
    assert second.verdict == "pass"


def test_what_nginx_wrote_during_a_gate_that_failed_is_its_last_reason(trial: Subjects, says: Any) -> None:
    def writes(outcome: Verdict) -> Callable[[Any], Verdict]:
        def gate(found: Any) -> Verdict:
            found.words = "upstream sent too big header"
            return outcome

        return gate

    says(identity=writes(passed("ok")), smoke=writes(failed("status 502")), startup=failed("no"))
    first, second, third = run_gates([IDENTITY, SMOKE, STARTUP], cast("Trial", trial))
    assert first.reason == "ok"
    assert second.reason == "status 502; Nginx says: upstream sent too big header"
    assert third.reason == "no"
    trial.memory = "the candidate runs on, but one of its processes was killed: out of memory (limit 256m)"
    [fourth] = run_gates([SMOKE], cast("Trial", trial))
    assert fourth.reasons[1:] == ["Nginx says: upstream sent too big header", trial.memory]


def test_a_candidate_that_dies_fails_the_gate_with_its_last_words_and_ends_the_rest(
    trial: Subjects, says: Any
) -> None:
    def dies(found: Any) -> Verdict:
        found.running = False
        return failed("3 of 40 requests failed")

    says(identity=dies, smoke=passed("ok"))
    [first, second] = run_gates([IDENTITY, SMOKE], cast("Trial", trial))
    assert first.verdict == "fail"
    assert first.reason == "3 of 40 requests failed; the candidate has ended with 137"
    assert first.figures["log"] == "out of memory"
    assert (second.verdict, second.reason) == ("not run", "the candidate has ended with 137")


def test_a_candidate_that_never_was_ready_is_looked_at_no_more_once_a_gate_was_not_run(
    trial: Subjects, says: Any
) -> None:
    looks = list[str]()

    def end() -> str:
        looks.append(trial.end())
        return looks[-1]

    trial.candidate.end = end
    says(startup=failed("no"), identity=passed("ok"), smoke=passed("ok"))
    found = run_gates([STARTUP, IDENTITY, *[SMOKE] * 8], cast("Trial", trial))
    assert {each.reason for each in found[1:]} == {"the candidate never became ready"}
    assert looks == ["", ""]


def test_a_repeated_member_makes_the_body_long() -> None:
    request = Request.model_validate(
        {"path": "/translate", "json": {"text": "好"}, "repeat": {"key": "text", "times": 20000}}
    )
    assert json.loads(body_of(request) or b"") == {"text": "好" * 20000}


def test_a_body_is_sent_as_it_stands() -> None:
    assert body_of(Request.model_validate({"path": "/x", "body": '{"text": "你'})) == '{"text": "你'.encode()
    assert body_of(Request.model_validate({"path": "/x", "method": "GET"})) is None
