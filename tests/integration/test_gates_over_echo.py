"""Every gate over the echo service, through the command line: one release that passes, and each way to fail.

A failed gate keeps no later one from running, so that one verification shows many ways to fail.
"""

import contextlib
import hashlib
import json
import os
import platform
import signal
import subprocess
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from integration.locked_project import locked
from integration.trusted import trust
from relctl.engine.slots import TRIAL_ROLES
from scratch import RELCTL, Scratch, containers, echo_project

pytestmark = pytest.mark.engine

ASKED = 160
LONG = "and then nothing more was said about all of this for a very long while"
STARTUP = "{gate: startup, ready_within: 20s, text: hello}"
IDENTITY = "{gate: identity}"
CONTRACT = "{gate: contract, data_set: pipelines/plain.tsv, texts: 10, rounds: 2, clients: 8, batch: /batch}"
QUALITY = "{gate: quality, data_sets: [{file: pipelines/plain.tsv}], margins: {chrf: 1.0}}"
LATENCY = (
    "{gate: latency, data_set: pipelines/plain.tsv, rate: 40, rounds: 10, round: 100ms, "
    "margins: {p50: MARGIN}, max_p95: MAX}"
)
SOAK = "{gate: soak, data_set: pipelines/plain.tsv, requests: 800, clients: 4, max_growth: 10m}"
SHORT_SOAK = SOAK.replace("800", "40")
ALL = (
    *(STARTUP, IDENTITY, "{gate: size, max_image: 1g, max_growth: 100m}", "{gate: dependencies}"),
    "{gate: smoke, cases: pipelines/smoke.yaml}",
    CONTRACT.replace("texts: 10", "cases: pipelines/shape.yaml, texts: 10"),
    "{gate: quality, data_sets: [{file: pipelines/plain.tsv, sample: 150, floors: {bleu: 90, chrf: 90}}], "
    "margins: {bleu: 1.0, chrf: 1.0}}",
    LATENCY.replace("MARGIN", "50").replace("MAX", "20s"),
    SOAK,
    '{gate: command, name: own, run: [sh, -c, "echo $RELCTL_TAG"]}',
)
SHAPE = """cases:
  - name: an answer has its shape
    request: {path: /translate, json: {text: hello}}
    expect: {status: 200, schema: {required: [translation, TYPE], properties: {TYPE: {type: KIND}}}}
"""
# Text, what the release BAD says, and which fault that is.
FAULTS = (
    ("an empty one is this", "", "empty"),
    ("a special one is this", "a special <unk> one is", "special"),
    ("a loop is this one", "a loop a loop a loop a loop", "loop"),
    ("a short one is this, which has many words", "a", "length"),
    ("a number is 427 here", "a number is here", "numbers"),
)


@pytest.fixture(scope="module")
def project() -> Iterator[Scratch]:
    """A project with one dependency and data sets of its own."""
    with echo_project() as scratch:
        (scratch.root / "service/requirements.lock").write_text(locked("uvicorn"))
        rows = [f"the cat number {number} sat on mat {number * 7} today" for number in range(ASKED)]
        table(scratch, "plain", rows)
        table(scratch, "few", rows[:40])
        table(scratch, "faulty", [text for text, *_ in FAULTS] + rows)
        shape(scratch, "success", "boolean")
        scratch.edit("deploy/environments/local.yaml", "ready_within: 10s", "ready_within: 20s")
        yield scratch


@pytest.fixture(scope="module")
def good(project: Scratch) -> str:
    return project.build("1.0.0", delay_ms=5)


@pytest.fixture(scope="module")
def bad(project: Scratch, good: str) -> str:
    """Larger, slower, and wrong in many ways, but it keeps running."""
    padding = project.root / "model" / "padding.bin"
    padding.write_bytes(os.urandom(3_000_000))
    says = {text: said for text, said, _ in FAULTS}
    tag = project.build(
        "2.0.0",
        says=says,
        delay_ms=16,
        company="other",
        batch="turned",
        lies={"version": "9.9.9"},
        leak_kib=64,
    )
    padding.unlink()
    return tag


def table(project: Scratch, name: str, texts: list[str]) -> None:
    rows = "".join(f"{text}\t{text}\n" for text in texts)
    (project.root / "pipelines" / f"{name}.tsv").write_text("source\treference\n" + rows)


def shape(project: Scratch, member: str, kind: str) -> None:
    (project.root / "pipelines" / "shape.yaml").write_text(
        SHAPE.replace("TYPE", member).replace("KIND", kind)
    )


def pipeline(project: Scratch, *gates: str) -> None:
    lines = "".join(f"  - {gate}\n" for gate in gates)
    (project.root / "pipelines" / "verify.yaml").write_text(f"gates:\n{lines}")


def verified(project: Scratch, tag: str, *options: str, code: int) -> dict[str, Any]:
    """The result of one verification, which ends with that code; its gates by name."""
    done = project.run("verify", tag, *options, "--json")
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    result = json.loads(done.stdout)
    result["gates"] = {gate["name"]: gate for gate in result["gates"]}
    result["words"] = done.stderr
    assert trials(project) == []
    return dict(result)


def trials(project: Scratch) -> list[str]:
    """The roles of all containers that a verification has left."""
    found = containers({"io.relctl.service": project.service})
    roles = [container.labels["io.relctl.role"] for container in found]
    return sorted(role for role in roles if role in TRIAL_ROLES)


def verdicts(result: dict[str, Any]) -> dict[str, str]:
    return {name: gate["verdict"] for name, gate in result["gates"].items()}


def evidence_files(project: Scratch) -> set[Path]:
    return set((project.state / "evidence").glob("*"))


def test_a_good_release_passes_every_gate_alone_and_beside_another(project: Scratch, good: str) -> None:
    pipeline(project, *ALL)
    alone = verified(project, good, code=0)
    names = [gate.removeprefix("{gate: ").split(",")[0].rstrip("}") for gate in ALL[:-1]]
    assert verdicts(alone) == dict.fromkeys([*names, "command own"], "pass")
    assert "live_ms" not in alone["gates"]["latency"]["figures"]
    beside = verified(project, good, "--against", good, code=0)
    assert set(verdicts(beside).values()) == {"pass"}
    gates = beside["gates"]
    assert gates["size"]["figures"]["new_layers"] == 0
    assert set(gates["dependencies"]["figures"]["locked"]) == {"uvicorn"}
    assert [case["wrong"] for case in gates["contract"]["figures"]["cases"]] == [[]]
    [judged] = gates["quality"]["figures"]["data_sets"]
    assert (judged["sentences"], judged["changed"], judged["scores"]["BLEU"]) == (150, 0, 100)
    assert set(judged["against_live"]) == {"BLEU", "chrF"}
    assert gates["latency"]["figures"]["requests"] == 40
    assert len(gates["soak"]["figures"]["memory"]) >= 10
    assert gates["command own"]["figures"] == {"output": f"{good}\n", "exit_code": 0}
    evidence = json.loads(Path(beside["evidence"]).read_text())
    assert evidence["verdict"] == "pass"
    assert_it_says_what_it_was_measured_with(project, evidence, judged)


def assert_it_says_what_it_was_measured_with(
    project: Scratch, evidence: dict[str, Any], judged: dict[str, Any]
) -> None:
    """Without these nobody could tell years later whether two scores may be compared."""
    checksum = hashlib.sha256((project.root / "pipelines/plain.tsv").read_bytes()).hexdigest()
    assert evidence["data_sets"] == {"pipelines/plain.tsv": checksum}
    assert judged["sha256"] == checksum
    tools = {name: version(name) for name in ("numpy", "sacrebleu")}
    assert evidence["tools"] == tools | {"python": platform.python_version()}
    for score in ("BLEU", "chrF"):
        signature = judged["signatures"][score].split("|")
        assert {"nrefs:1", f"version:{tools['sacrebleu']}"} <= set(signature)


def test_a_release_that_is_wrong_in_many_ways_is_told_all_of_them(
    project: Scratch, good: str, bad: str
) -> None:
    shape(project, "success", "integer")
    faulty = "{file: pipelines/faulty.tsv, floors: {bleu: 99.9}, allowed: {numbers: 1}}"
    pipeline(
        project,
        *(STARTUP, IDENTITY, "{gate: size, max_image: 1k, max_growth: 1m}", "{gate: dependencies}"),
        CONTRACT.replace("texts: 10", "cases: pipelines/shape.yaml, texts: 10"),
        f"{{gate: quality, clients: 1, data_sets: [{faulty}, {{file: pipelines/few.tsv}}], "
        "margins: {chrf: 0.1}}",
        LATENCY.replace("MARGIN", "0.3").replace("MAX", "10ms"),
        # It answers differently in company, which is a translation all the same; only its memory is wrong.
        SOAK,
    )
    found = verified(project, bad, "--against", good, code=3)
    shape(project, "success", "boolean")
    gates = found["gates"]
    failing = {name for name, verdict in verdicts(found).items() if verdict == "fail"}
    assert failing == {"identity", "size", "contract", "quality", "latency", "soak"}
    assert verdicts(found)["startup"] == verdicts(found)["dependencies"] == "pass"
    assert "/version says '9.9.9'" in gates["identity"]["reason"]
    assert "the image has " in gates["size"]["reason"]
    assert "it grew over the live image by 2.9 MiB (limit 1.0 MiB)" in gates["size"]["reason"]
    contract = gates["contract"]["reason"]
    assert "an answer has its shape: $.success: True is not of type 'integer'" in contract
    assert "concurrent answers differ from those one by one" in contract
    assert "/batch answers in a different order" in contract
    quality = gates["quality"]["reason"]
    for fault in ("empty", "special", "loop", "length"):
        assert f"translations with fault {fault}, 0 allowed" in quality
    assert (
        "faulty: 1 translations with fault numbers, live has 0" in quality
    )  # one is allowed, but live has none
    assert "faulty: BLEU " in quality
    assert "is below 99.9" in quality
    assert "faulty: chrF -" in quality
    assert " % bound -" in quality
    assert "few: 40 sentences are too few; 150 are needed" in quality
    judged = gates["quality"]["figures"]["data_sets"][0]
    assert judged["changed"] == len(FAULTS)
    assert judged["faults"]["numbers"] == 1
    latency = gates["latency"]["reason"]
    assert " ms (limit " in latency
    assert "x of live (upper bound " in latency
    assert "memory grows by" in gates["soak"]["reason"]
    assert "MiB per 1,000 requests over all (limit 10.00)" in gates["soak"]["reason"]


def test_crossed_answers_and_failing_requests(project: Scratch) -> None:
    tag = project.build("3.0.0", company="crossed", delay_ms=20, batch="other", refuses=["   "])
    pipeline(
        project,
        *(STARTUP, CONTRACT),
        QUALITY.replace("plain", "few"),
        # All at once, and answered in a moment: too short for its memory to be read often enough.
        SOAK.replace("requests: 800, clients: 4", "requests: 12, clients: 12"),
    )
    found = verified(project, tag, code=3)
    gates = found["gates"]
    assert "concurrent answers are other texts': " in gates["contract"]["reason"]
    assert "1 answers of /batch differ from those one by one" in gates["contract"]["reason"]
    assert "'   ': status 503" in gates["contract"]["reason"]
    assert "few: 40 sentences are too few" in gates["quality"]["reason"]
    assert gates["soak"]["reason"].startswith("memory was read ")


@pytest.mark.parametrize(
    ("then", "words"),
    [("fail", 'status 500: {"error": "planted failure"}'), ("garble", "no translation in the answer")],
)
def test_an_answer_that_turns_wrong_under_load(project: Scratch, then: str, words: str) -> None:
    tag = project.build("4.0.0" if then == "fail" else "4.1.0", **{"from": 30, "then": then})
    slow = LATENCY.replace("MARGIN", "1.0").replace("MAX", "1s")
    pipeline(project, STARTUP, SHORT_SOAK, slow, QUALITY, CONTRACT)
    gates = verified(project, tag, code=3)["gates"]
    # One request has told that it is ready.
    assert f"12 of 40 requests failed: {words}" in gates["soak"]["reason"]
    assert "could not run: 4 of 4 requests to the candidate failed" in gates["latency"]["reason"]
    assert gates["quality"]["reason"].startswith(f"could not run: {ASKED} of {ASKED} texts got no")
    assert "1 of 30 texts got no translation from its twin: text 30: " in gates["contract"]["reason"]


def test_a_first_text_that_is_refused_fails_and_the_rest_is_told_all_the_same(project: Scratch) -> None:
    tag = project.build("5.0.0", refuses=["hello"])
    pipeline(project, STARTUP, IDENTITY)
    found = verified(project, tag, code=3)
    assert verdicts(found) == {"startup": "fail", "identity": "pass"}
    assert "but a text sent then got: status 503" in found["gates"]["startup"]["reason"]


@pytest.mark.slow
def test_a_service_that_is_not_ready_in_time(project: Scratch) -> None:
    tag = project.build("5.1.0", ready=False)
    pipeline(project, "{gate: startup, ready_within: 1s}", IDENTITY)
    found = verified(project, tag, code=3)
    assert verdicts(found) == {"startup": "fail", "identity": "not run"}
    assert "was not ready within 1 s" in found["gates"]["startup"]["reason"]


@pytest.mark.slow
def test_what_is_installed_and_not_locked_and_the_other_way_round(project: Scratch) -> None:
    tag = project.build("5.2.0")
    pipeline(project, STARTUP, IDENTITY, "{gate: dependencies}")
    changed(project, tag, 'LABEL io.relctl.dependencies="nothing==1.0"', "USER 0")
    gates = verified(project, tag, code=3)["gates"]
    assert "nothing is missing, locked 1.0" in gates["dependencies"]["reason"]
    assert "uvicorn " in gates["dependencies"]["reason"]
    assert "is not locked" in gates["dependencies"]["reason"]
    assert gates["identity"]["reason"] == "the image runs as 0"
    changed(project, tag, 'LABEL io.relctl.dependencies="uvicorn==0.0.1"', "USER 65532")
    assert ", locked 0.0.1" in verified(project, tag, code=3)["gates"]["dependencies"]["reason"]


def changed(project: Scratch, tag: str, *changes: str) -> None:
    """Give the tag to an image of the same files, and other settings."""
    import docker

    client = docker.from_env()
    repository = f"relctl-test-{project.service}"
    container = client.api.create_container(f"{repository}:{tag}")
    image = client.api.commit(container["Id"], repository, tag, changes="\n".join(changes))["Id"]
    client.api.remove_container(container["Id"])
    trust(project, tag, image)
    client.close()


def test_programs_of_ones_own(project: Scratch, good: str, tmp_path: Path) -> None:
    child = tmp_path / "child"
    told = "echo $RELCTL_CANDIDATE_URL $RELCTL_TAG $RELCTL_IMAGE_ID; pwd"
    pipeline(
        project,
        STARTUP,
        f'{{gate: command, name: told, run: [sh, -c, "{told}"]}}',
        '{gate: command, name: four, run: [sh, -c, "echo first; echo über 记忆 >&2; exit 4"]}',
        "{gate: command, name: silent, run: ['false']}",
        "{gate: command, name: missing, run: [/nowhere/program]}",
        "{gate: command, name: slow, timeout: 1s, "
        f'run: [sh, -c, "echo begun; sleep 60 & echo $! > {child}; wait"]}}',
        "{gate: command, name: long, run: [python3, -c, \"print('x' * 9000)\"]}",
    )
    found = verified(project, good, code=3)
    gates = found["gates"]
    url, tag, image, folder = gates["command told"]["figures"]["output"].split()
    assert url.startswith("http://")
    assert (tag, image, Path(folder)) == (good, found["image_id"], project.root)
    assert gates["command four"]["reason"] == "ended with 4: über 记忆"
    assert gates["command four"]["figures"] == {"output": "first\nüber 记忆\n", "exit_code": 4}
    assert gates["command silent"]["reason"] == "ended with 1: it printed nothing"
    assert gates["command missing"]["reason"] == ("/nowhere/program cannot be run: No such file or directory")
    assert gates["command slow"]["reason"] == "not done within 1 s: begun"
    assert gates["command slow"]["figures"]["output"] == "begun\n"
    assert gates["command slow"]["seconds"] < 30
    assert is_gone(int(child.read_text()))
    assert len(gates["command long"]["figures"]["output"]) == 4000
    assert verdicts(found)["command long"] == "pass"


def is_gone(process: int) -> bool:
    """Whether a process has ended; who was killed a moment ago may still wait to be collected."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_a_candidate_that_dies_fails_its_gate_and_keeps_its_last_words(project: Scratch) -> None:
    tag = project.build("6.0.0", **{"from": 30, "then": "exit"})
    pipeline(project, STARTUP, QUALITY, IDENTITY, '{gate: command, name: own, run: ["true"]}')
    done = project.run("verify", tag)
    assert done.returncode == 3
    assert f"{tag}: fail" in done.stdout
    assert "the candidate has ended with 7" in done.stdout
    assert f"{tag} may not take traffic; failed: quality" in done.stderr
    [path] = [each for each in evidence_files(project) if each.suffix == ".json" and tag in each.read_text()]
    evidence = json.loads(path.read_text())
    assert evidence["verdict"] == "fail"
    assert [(gate["name"], gate["verdict"]) for gate in evidence["gates"]] == [
        *(("startup", "pass"), ("quality", "fail"), ("identity", "not run"), ("command own", "not run"))
    ]
    assert "planted end: übermäßig 记忆" in evidence["gates"][1]["figures"]["log"]
    assert "planted end: übermäßig 记忆" in path.with_suffix(".html").read_text()
    pipeline(project, STARTUP, SHORT_SOAK)
    gates = verified(project, tag, code=3)["gates"]
    assert "ended with 7" in gates["soak"]["reason"]
    assert "planted end" in gates["soak"]["figures"]["log"]


def test_no_gate_passes_in_which_the_candidate_ended(project: Scratch) -> None:
    tag = project.build("6.1.0")
    crash = "import os, http.client as h; c = h.HTTPConnection(os.environ['RELCTL_CANDIDATE_URL'][7:]); "
    crash += "c.request('GET', '/crash'); s = c.sock; s.recv(1)"
    pipeline(project, STARTUP, f'{{gate: command, name: own, run: [python3, -c, "{crash}"]}}')
    found = verified(project, tag, code=3)
    assert verdicts(found)["command own"] == "fail"


@contextlib.contextmanager
def under_way(project: Scratch, tag: str, against: str, child: Path) -> Iterator[subprocess.Popen[str]]:
    """A verification with candidate and reference running, in the middle of a gate."""
    child.unlink(missing_ok=True)
    slow = f'{{gate: command, name: slow, run: [sh, -c, "echo $$ > {child}; exec sleep 100"], timeout: 90s}}'
    pipeline(project, STARTUP, QUALITY, slow)
    process = subprocess.Popen(
        [str(RELCTL), "verify", tag, "--against", against],
        cwd=project.root,
        env=project.environ,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        deadline = time.monotonic() + 60
        while not (child.exists() and child.read_text().strip()):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert trials(project) == ["candidate", "reference"]
        yield process
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            os.kill(int(child.read_text()), signal.SIGKILL)


def test_an_interrupted_verification_leaves_nothing(project: Scratch, good: str, tmp_path: Path) -> None:
    child = tmp_path / "child"
    before = evidence_files(project)
    with under_way(project, good, good, child) as process:
        process.send_signal(signal.SIGINT)
        _, words = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "interrupted by SIGINT" in words
        assert "Traceback" not in words
        assert trials(project) == []
        assert is_gone(int(child.read_text()))
    assert evidence_files(project) == before


@pytest.mark.slow
def test_a_verification_that_is_interrupted_under_load_ends_at_once(project: Scratch, good: str) -> None:
    pipeline(project, STARTUP, SOAK.replace("800", "200000"))
    process = subprocess.Popen(
        [str(RELCTL), "verify", good],
        cwd=project.root,
        env=project.environ,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        while "of 200000 requests" not in (line := process.stderr.readline()):
            assert line, "it ended before it was under load"
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        process.communicate(timeout=60)
        assert process.returncode == 130
        assert time.monotonic() - began < 20
        assert trials(project) == []
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_what_a_killed_verification_left_is_gone_after_the_next(
    project: Scratch, good: str, tmp_path: Path
) -> None:
    before = evidence_files(project)
    with under_way(project, good, good, tmp_path / "child") as process:
        process.kill()
        process.wait()
    assert trials(project) == ["candidate", "reference"]
    assert evidence_files(project) == before
    pipeline(project, STARTUP, IDENTITY)
    verified(project, good, code=0)  # it insists that nothing is left


@pytest.fixture(scope="module")
def small(project: Scratch) -> str:
    """A release that nobody has verified yet, and a pipeline of two gates."""
    return project.build("7.0.0")


@pytest.fixture
def quick(project: Scratch, small: str) -> str:
    """The same one, proved by a pipeline of two gates."""
    pipeline(project, STARTUP, IDENTITY)
    project.ok("verify", small)
    return small


def evidence_of(project: Scratch, tag: str) -> Path:
    """The newest file of evidence of a release."""
    found = [path for path in evidence_files(project) if path.suffix == ".json" and tag in path.read_text()]
    return max(found, key=lambda path: path.stat().st_mtime_ns)


def promoted(project: Scratch) -> set[str]:
    return {event["tag"] for event in project.json("history") if event["event"] == "promoted"}


@contextlib.contextmanager
def rewritten(path: Path, text: str) -> Iterator[None]:
    """A file that holds something else for the time of the block."""
    before = path.read_text()
    path.write_text(text)
    try:
        yield
    finally:
        path.write_text(before)


def test_promote_takes_only_evidence_of_this_pipeline_that_passes(project: Scratch, small: str) -> None:
    pipeline(project, STARTUP, IDENTITY)
    words = project.refused(3, "promote", small)
    assert f"{small} was never verified" in words
    assert f"next: relctl verify {small}" in words
    project.ok("verify", small)
    pipeline(project, STARTUP, IDENTITY, "{gate: size, max_image: 1k}")
    words = project.refused(3, "promote", small)
    assert f"{small} was verified by another pipeline than pipelines/verify.yaml is now" in words
    assert f"next: relctl verify {small}" in words
    project.refused(3, "verify", small)
    words = project.refused(3, "promote", small)
    assert f"{small} did not pass its verification; failed: size" in words
    assert f"next: relctl verify {small}" in words
    assert small not in promoted(project)


def test_evidence_grows_too_old_for_an_environment(project: Scratch, quick: str) -> None:
    settings = project.root / "deploy/environments/local.yaml"
    path = evidence_of(project, quick)
    old = json.loads(path.read_text()) | {"started": "2026-01-01T00:00:00Z", "ended": "2026-01-02T00:00:00Z"}
    with rewritten(settings, settings.read_text() + "max_age: 30d\n"), rewritten(path, json.dumps(old)):
        words = project.refused(3, "promote", quick)
    assert "days ago; environment local takes evidence of at most 30 days" in words
    assert f"next: relctl verify {quick}" in words


def test_a_file_of_evidence_that_someone_has_changed_proves_nothing(project: Scratch, quick: str) -> None:
    path = evidence_of(project, quick)
    evidence = json.loads(path.read_text())
    lying = evidence | {
        "gates": [*evidence["gates"], evidence["gates"][0] | {"name": "x", "verdict": "fail"}]
    }
    for text, words in (
        (json.dumps(lying), "its verdict 'pass' contradicts its gates"),
        (json.dumps(evidence | {"gates": []}), "its verdict 'pass' contradicts its gates"),
        (path.read_text()[:-60], "not evidence that this relctl can read"),
        ("", "not evidence that this relctl can read"),
        (json.dumps(evidence | {"image_id": "sha256:" + "0" * 64}), "is about another image or pipeline"),
        (json.dumps(evidence | {"pipeline": "sha256:" + "0" * 64}), "is about another image or pipeline"),
    ):
        with rewritten(path, text):
            said = project.refused(2, "promote", quick)
        assert words in said
        assert str(path) in said
        assert "relctl verify" in said
    assert quick not in promoted(project)


def test_an_environment_chooses_its_pipeline(project: Scratch, quick: str) -> None:
    settings = project.root / "deploy/environments/local.yaml"
    other = project.root / "pipelines/other.yaml"
    other.write_text(f"gates:\n  - {STARTUP}\n  - {IDENTITY}\n")
    with rewritten(settings, settings.read_text() + "pipeline: pipelines/other.yaml\n"):
        assert "was verified by another pipeline" in project.refused(3, "promote", quick)
        assert verdicts(verified(project, quick, code=0)) == {"startup": "pass", "identity": "pass"}
    with rewritten(settings, settings.read_text() + "pipeline: pipelines/none.yaml\n"):
        words = project.refused(2, "verify", quick)
    assert "pipelines/none.yaml" in words
    with rewritten(settings, settings.read_text() + "pipeline: ../verify.yaml\n"):
        assert "pipeline: a path inside the project" in project.refused(2, "verify", quick)


def test_what_is_different_between_two_releases(project: Scratch, good: str) -> None:
    pipeline(project, STARTUP, QUALITY.replace("{chrf", "{bleu: 90, chrf").replace("1.0}", "90}"))
    changed_text = "the cat number 3 sat on mat 21 today"
    said = "the dog number 3 sat on mat 21 today"
    other = project.build("7.2.0", says={changed_text: said})
    without = project.ok("diff", good, other).stdout
    assert f"no evidence for {other}, so no figures and no translations: relctl verify {other}" in without
    project.ok("verify", good)
    project.ok("verify", other)
    found = project.json("diff", good, other)
    assert found["labels"]["io.relctl.tag"] == [good, other]
    assert found["dependencies"] == {}
    assert [each["subject"] for each in found["commits"]["second"]][:1] == [f"Release {other[1:6]}"]
    assert (found["commits"]["first"], found["commits"]["unknown"]) == ([], "")
    assert len(found["size_bytes"]) == 2
    assert found["shared_layers"] >= 1
    assert found["compared_sentences"] == ASKED
    assert found["translations"] == [
        {"data_set": "plain", "source": changed_text, "first": changed_text, "second": said}
    ]
    assert found["figures"]["quality data_sets plain scores BLEU"][0] == 100
    text = project.ok("diff", good, other).stdout
    assert f"1 of {ASKED} translations differ" in text
    assert f"{other}  {said}" in text
    assert f"Release {other[1:6]}" in text
    assert "org.opencontainers.image.version" in text
    assert " layers are the same" in text
    assert "v9.9.9-abc12de" in project.refused(2, "diff", good, "v9.9.9-abc12de")
    assert "'newest' is not a release tag" in project.refused(2, "diff", "newest", good)


@pytest.mark.slow
def test_evidence_whose_figures_make_no_sense_is_no_traceback(project: Scratch, good: str) -> None:
    pipeline(project, STARTUP, QUALITY)
    other = project.build("7.4.0")
    paths = [Path(verified(project, tag, code=0)["evidence"]) for tag in (good, other)]
    found = json.loads(paths[1].read_text())
    [quality] = [gate for gate in found["gates"] if gate["name"] == "quality"]
    quality["figures"]["data_sets"][0]["translations"].pop()
    paths[1].write_text(json.dumps(found))
    words = project.refused(2, "diff", good, other)
    assert f"the evidence of {good} or {other} is damaged" in words


def test_a_dependency_that_changed_is_a_difference(project: Scratch, good: str) -> None:
    tag = project.build("7.3.0")
    changed(project, tag, 'LABEL io.relctl.dependencies="uvicorn==0.0.1"')
    [(name, versions)] = project.json("diff", good, tag)["dependencies"].items()
    assert (name, versions[1]) == ("uvicorn", "0.0.1")
    assert "uvicorn" in project.ok("diff", good, tag).stdout


def test_a_gate_that_is_off_is_shown_everywhere(project: Scratch, good: str) -> None:
    pipeline(project, STARTUP, "{gate: identity, off: no labels before May}", "{gate: dependencies}")
    done = project.ok("verify", good)
    row = next(line for line in done.stdout.splitlines() if line.startswith("identity"))
    assert row.split(maxsplit=3)[1] == "off"
    assert row.rstrip().endswith("no labels before May")
    project.ok("promote", good)
    notice = f"gate identity was off for {good}: no labels before May"
    assert project.json("status")["notices"] == [notice]
    assert f"notice   {notice}" in project.ok("status").stdout
    evidence = [json.loads(path.read_text()) for path in evidence_files(project) if path.suffix == ".json"]
    offs = [gate for each in evidence for gate in each["gates"] if gate["verdict"] == "off"]
    assert [(gate["name"], gate["reason"]) for gate in offs] == [("identity", "no labels before May")]
    project.ok("down")


def test_force_needs_a_reason_and_the_reason_is_kept(project: Scratch) -> None:
    tag = project.build("7.1.0")
    for arguments in (("--force",), ("--force", "--reason", " "), ("--reason", "none")):
        assert "--force and --reason go together" in project.refused(2, "promote", tag, *arguments)
    try:
        done = project.ok("promote", tag, "--force", "--reason", "the shop is down")
        assert f"by force, though {tag} was never verified" in done.stderr
        last = project.json("history")[-1]
        assert (last["event"], last["tag"], last["forced"]) == ("promoted", tag, "the shop is down")
        assert "the shop is down" in project.ok("history").stdout
        [notice] = project.json("status")["notices"]
        assert notice.startswith(f"{tag} was promoted by force, by ")
        assert notice.endswith(": the shop is down")
        assert notice in project.ok("status").stdout
    finally:
        project.ok("down")
