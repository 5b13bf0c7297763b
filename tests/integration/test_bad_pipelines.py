"""Bad pipelines, cases and data sets through `relctl verify`: one clear error with file, line and key."""

from collections.abc import Iterator

import pytest

from scratch import Scratch, containers, echo_project

pytestmark = pytest.mark.engine

PIPELINE = "pipelines/verify.yaml"
TABLE = "source\treference\n" + "".join(f"text {number}\ttext {number}\n" for number in range(120))
QUALITY = "{gate: quality, data_sets: [{file: pipelines/data.tsv}], margins: {chrf: 1.0}}"
LATENCY = "{gate: latency, data_set: pipelines/data.tsv, rate: 20, margins: {p50: 0.5}, max_p95: 1s}"
SOAK = "{gate: soak, data_set: pipelines/data.tsv, max_growth: 1m}"
CONTRACT = "{gate: contract, data_set: pipelines/data.tsv}"
SMOKE = "{gate: smoke, cases: pipelines/smoke.yaml}"
STARTUP = "{gate: startup, ready_within: 60s}"
TAGS: dict[str, str] = {}  # what was built, by service
GOOD_CASE = "cases:\n  - name: one\n    request: {path: /x}\n    expect: {status: 200}\n"


@pytest.fixture(scope="module")
def project() -> Iterator[Scratch]:
    with echo_project() as scratch:
        TAGS[scratch.service] = scratch.build("1.0.0")
        yield scratch


@pytest.fixture(autouse=True)
def good_files(project: Scratch) -> None:
    write(project, "pipelines/data.tsv", TABLE)
    write(project, "pipelines/smoke.yaml", GOOD_CASE)


def write(project: Scratch, name: str, content: str | bytes) -> None:
    (project.root / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def refused(project: Scratch, gates: str, ask: str = "") -> str:
    """What relctl says of a pipeline; it starts nothing and keeps nothing."""
    write(project, PIPELINE, f"{ask}gates:\n{gates}")
    done = project.run("verify", TAGS[project.service])
    assert done.returncode == 2, f"{done.returncode}\n{done.stdout}{done.stderr}"
    assert "Traceback" not in done.stderr
    assert done.stderr.count("relctl: error:") == 1
    assert done.stdout == ""
    assert containers({"io.relctl.service": project.service}) == []
    assert not (project.state / "evidence").exists()
    return done.stderr


def gate(settings: str, old: str = "", new: str = "") -> str:
    assert old in settings
    return f"  - {STARTUP}\n  - {settings.replace(old, new)}\n"


@pytest.mark.parametrize(
    ("gates", "message"),
    [
        ("  []\n", "verify.yaml:1: gates: must not be empty"),
        ("  - {gate: identity}\n", "verify.yaml:2: gates[0]: the first gate must be startup"),
        (f"  - {STARTUP}\n", "verify.yaml:1: gates: no gate but startup is on"),
        (gate("{gate: identity, off: later}"), "verify.yaml:1: gates: no gate but startup is on"),
        (gate("{gate: identity, off: ' '}"), "verify.yaml:3: gates[1].off: give a reason"),
        (gate("{gate: warp}"), "verify.yaml:3: gates[1]: unknown gate 'warp'; known: 'startup', "),
        (gate("{gate: identity, of: later}"), "verify.yaml:3: gates[1].of: unknown key"),
        (gate(STARTUP), "verify.yaml:3: gates[1]: startup is gates[0] already; each gate once"),
        (gate(SMOKE, "smoke.yaml", "none.yaml"), "verify.yaml:3: gates[1].cases: there is no file"),
        (gate(SOAK, "pipelines/data", "../data"), "verify.yaml:3: gates[1].data_set: a path inside the"),
        (gate(QUALITY, "1.0", "-1"), "verify.yaml:3: gates[1].margins.chrf: input should be greater"),
        (gate(QUALITY, "1.0", ".nan"), "verify.yaml:3: gates[1].margins.chrf: input should be"),
        (gate(LATENCY, "1s", ".inf"), "verify.yaml:3: gates[1].max_p95: a duration needs its unit"),
        (
            gate(LATENCY, "p50", "p99"),
            "verify.yaml:3: gates[1].margins: p99 needs 1000 requests; rate, rounds and round give 800: ",
        ),
    ],
)
def test_a_wrong_pipeline(project: Scratch, gates: str, message: str) -> None:
    assert message in refused(project, gates)


@pytest.mark.parametrize("fresh", ["{number}", "{text}"])
def test_a_fresh_text_that_is_the_same_each_time(project: Scratch, fresh: str) -> None:
    said = refused(project, gate(SOAK), ask=f"ask: {{fresh: '{fresh}'}}\n")
    assert "verify.yaml:1: ask.fresh: must hold {text} and {number}" in said


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("source\ttarget\na\tb\n", "data.tsv:1: has no column reference"),
        (TABLE.encode() + b"\xff\tx\n", "data.tsv:122: is not UTF-8; save it as UTF-8"),
        ("source\treference\n", "data.tsv:1: has no rows below its heading"),
        ("", "data.tsv:1: has no column source and no column reference"),
        (TABLE + "x\t\n", "data.tsv:122: its reference is empty"),
        (TABLE + "x\n", "data.tsv:122: has 1 cells instead of 2"),
        (TABLE + "x" * 200_000 + "\n", "data.tsv:122: has 1 cells instead of 2"),
        ("source\treference\tsource\na\tb\tc\n", "data.tsv:1: has 2 columns source; name each once"),
    ],
)
def test_a_wrong_data_set(project: Scratch, content: str | bytes, message: str) -> None:
    write(project, "pipelines/data.tsv", content)
    assert message in refused(project, gate(SOAK))


@pytest.mark.parametrize(
    ("cases", "message"),
    [
        ("cases: []\n", "smoke.yaml:1: cases: must not be empty"),
        (
            GOOD_CASE.replace("200}", "200, schema: {type: thing}}"),
            "smoke.yaml:4: cases[0].expect.schema: not a JSON Schema: 'thing' is not valid",
        ),
        (
            GOOD_CASE.replace("200}", "200, json: {a: '(x'}}"),
            "smoke.yaml:4: cases[0].expect.json: a: '(x' is not a regular expression",
        ),
        (GOOD_CASE.replace("200", "99"), "smoke.yaml:4: cases[0].expect.status: input should be greater"),
        (GOOD_CASE.replace("    expect", "    expct"), "smoke.yaml:4: cases[0].expct: unknown key"),
        ("not yaml: [\n", "smoke.yaml:2: not YAML"),
    ],
)
def test_wrong_cases(project: Scratch, cases: str, message: str) -> None:
    write(project, "pipelines/smoke.yaml", cases)
    assert message in refused(project, gate(SMOKE))


def test_too_few_rows_fail_the_gates_that_need_more(project: Scratch) -> None:
    write(project, "pipelines/data.tsv", "source\treference\na\ta\nb\tb\n")
    write(project, PIPELINE, f"gates:\n  - {STARTUP}\n  - {QUALITY}\n  - {CONTRACT}\n")
    said = project.refused(3, "verify", TAGS[project.service])
    assert "gate quality: fail: data: 2 sentences are too few; 150 are needed" in said
    assert "gate contract: fail: pipelines/data.tsv has 2 texts; 40 are needed" in said
