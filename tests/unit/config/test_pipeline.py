"""pipelines/: unknown gates, doubled gates and bad cases are refused with file, line and key."""

from pathlib import Path, PurePosixPath

import pytest

from relctl.config.gates import SizeSettings
from relctl.config.pipeline import Files, Pipeline, load_pipeline
from relctl.errors import ConfigError
from scratch import ROOT

VERIFY = "gates:\n  - {gate: startup, ready_within: 5s}\n  - {gate: smoke, cases: pipelines/smoke.yaml}\n"
SMOKE = "cases:\n  - name: one\n    request: {path: /x, json: {text: a}}\n    expect: {status: 200}\n"


def project(folder: Path, verify: str = VERIFY, smoke: str = SMOKE) -> Path:
    (folder / "pipelines").mkdir(exist_ok=True)
    (folder / "pipelines" / "verify.yaml").write_text(verify)
    (folder / "pipelines" / "smoke.yaml").write_text(smoke)
    return folder


def loaded(root: Path) -> Pipeline:
    return load_pipeline(root, PurePosixPath("pipelines/verify.yaml"))


def test_the_projects_own_pipeline_holds_what_a_release_must_pass() -> None:
    found = loaded(ROOT)
    assert [settings.title for settings in found.gates] == [
        *("startup", "identity", "size", "dependencies", "smoke", "contract", "quality", "latency", "soak"),
        "keep-alive",
    ]
    bodies = [case.request.json_ for case in found.cases["smoke"]]
    texts = [body.get("text") for body in bodies if isinstance(body, dict)]
    assert {"这是一段测试文本。", "人工智能正在改变世界。", "北京天气很好。"} <= set(texts)


def test_the_projects_own_pipeline_sends_a_case_once_the_traffic_has_moved() -> None:
    assert [case.name for case in loaded(ROOT).after_switch] == ["a test text"]


def test_a_case_of_a_gate_that_is_off_is_not_sent_after_the_switch(tmp_path: Path) -> None:
    marked = SMOKE.replace("cases:\n  - ", "cases:\n  - after_switch: true\n    ")
    off = VERIFY.replace("gate: smoke,", "gate: smoke, off: not yet,") + "  - {gate: identity}\n"
    assert len(loaded(project(tmp_path, smoke=marked)).after_switch) == 1
    assert loaded(project(tmp_path, off, smoke=marked)).after_switch == ()


def test_production_takes_a_new_model_with_its_code_and_no_layer_that_is_much_larger() -> None:
    gates = load_pipeline(ROOT, PurePosixPath("pipelines/release.yaml")).gates
    [allowed] = [gate.max_new for gate in gates if isinstance(gate, SizeSettings)]
    model = sum(
        path.stat().st_size for path in (ROOT / "service/models/zh-en-tiny/2026.11/ct2-int8").iterdir()
    )
    assert allowed is not None
    assert 2 * model < allowed < 5 * model


def test_the_checksum_covers_the_data_sets(tmp_path: Path) -> None:
    table = tmp_path / "pipelines" / "data.tsv"
    soak = "  - {gate: soak, data_set: pipelines/data.tsv, max_growth: 1m}\n"
    root = project(tmp_path, VERIFY + soak)
    table.write_text("source\treference\na\tb\n")
    first = loaded(root)
    assert [str(path) for path in first.data_sets] == ["pipelines/data.tsv"]
    table.write_text("source\treference\na\tc\n")
    assert loaded(root).checksum != first.checksum


def test_a_gate_may_be_off_with_a_reason(tmp_path: Path) -> None:
    verify = VERIFY + "  - {gate: identity, off: ' no labels yet '}\n  - {gate: dependencies, off: ''}\n"
    assert [gate.off for gate in loaded(project(tmp_path, verify)).gates] == ["", "", "no labels yet", ""]


def test_a_command_has_a_name_so_that_there_can_be_two(tmp_path: Path) -> None:
    command = "  - {gate: command, name: NAME, run: [true]}\n".replace("[true]", '["true"]')
    both = VERIFY + command.replace("NAME", "one") + command.replace("NAME", "two")
    titles = [gate.title for gate in loaded(project(tmp_path, both)).gates]
    assert titles == ["startup", "smoke", "command one", "command two"]


def test_the_checksum_covers_the_pipeline_and_its_cases(tmp_path: Path) -> None:
    first = loaded(project(tmp_path)).checksum
    assert loaded(project(tmp_path)).checksum == first
    assert loaded(project(tmp_path, verify=VERIFY.replace("5s", "6s"))).checksum != first
    assert loaded(project(tmp_path, smoke=SMOKE.replace("200", "201"))).checksum != first


def test_the_checksum_tells_where_one_file_ends_and_the_next_begins(tmp_path: Path) -> None:
    run = "  - {gate: command, name: own, run: [pipelines/one, pipelines/two]}\n"
    root = project(tmp_path, VERIFY + run)
    found = set()
    for one, two in ((b"a", b"b\0c"), (b"a\0b", b"c"), (b"ab", b"c"), (b"", b"abc")):
        (root / "pipelines" / "one").write_bytes(one)
        (root / "pipelines" / "two").write_bytes(two)
        found.add(loaded(root).checksum)
    assert len(found) == 4


def test_the_checksum_is_of_the_bytes_that_were_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    original = Path.read_bytes

    def noted(path: Path) -> bytes:
        if path.is_relative_to(root):  # another thread of this process may read something else
            read.append(path.name)
        return original(path)

    table = "pipelines/data.tsv"
    soaks = (
        f"  - {{gate: soak, data_set: {table}, max_growth: 1m}}\n  - {{gate: contract, data_set: {table}}}\n"
    )
    root = project(tmp_path, VERIFY + soaks)
    (root / table).write_text("source\treference\na\tb\n")
    monkeypatch.setattr(Path, "read_bytes", noted)
    loaded(root)
    assert read == ["verify.yaml", "smoke.yaml", "data.tsv"]


def test_a_file_that_is_asked_for_twice_is_what_it_was_at_first(tmp_path: Path) -> None:
    """Else the checksum would be of what one of two gates has not seen."""
    files, named = Files(tmp_path), PurePosixPath("cases.yaml")
    (tmp_path / named).write_bytes(b"first")
    first = files.read(named), files.checksum()
    (tmp_path / named).write_bytes(b"second")
    assert (files.read(named), files.checksum()) == first


def test_the_gates_that_compare_say_so() -> None:
    comparing = [settings.title for settings in loaded(ROOT).gates if settings.compares]
    assert comparing == ["size", "quality", "latency"]


@pytest.mark.parametrize(
    ("verify", "smoke", "message"),
    [
        ("gates: []\n", SMOKE, "verify.yaml:1: gates: must not be empty"),
        (
            VERIFY.replace("startup,", "warp,"),
            SMOKE,
            "verify.yaml:2: gates[0]: unknown gate 'warp'; known:",
        ),
        (
            VERIFY.replace("ready_within: 5s", "ready: 5s"),
            SMOKE,
            "verify.yaml:2: gates[0].ready: unknown key",
        ),
        (
            VERIFY.replace("smoke, cases: pipelines/smoke.yaml", "startup, ready_within: 1s"),
            SMOKE,
            "verify.yaml:3: gates[1]: startup is gates[0] already; each gate once",
        ),
        (
            VERIFY.replace("pipelines/smoke", "pipelines/none"),
            SMOKE,
            "verify.yaml:3: gates[1].cases: there is no file",
        ),
        (
            VERIFY,
            SMOKE.replace("status: 200", "status: ok"),
            "smoke.yaml:4: cases[0].expect.status: input should be",
        ),
        (
            VERIFY,
            SMOKE.replace("{text: a}", "{text: a}, body: b"),
            "cases[0].request: give json or body, not both",
        ),
        (
            VERIFY + "  - {gate: soak, data_set: pipelines/none.tsv, max_growth: 1m}\n",
            SMOKE,
            "verify.yaml:4: gates[2].data_set: there is no file",
        ),
        (
            VERIFY + "  - {gate: quality, data_sets: [{file: x.tsv}], margins: {chrf: -1}}\n",
            SMOKE,
            "verify.yaml:4: gates[2].margins.chrf: input should be greater than 0",
        ),
        (
            VERIFY
            + "  - {gate: quality, data_sets: [{file: x.tsv, floors: {bleu: 101}}], margins: {bleu: 1}}\n",
            SMOKE,
            "floors.bleu: input should be less than or equal to 100",
        ),
        (VERIFY, SMOKE.replace("{status: 200}", "{status: 200, schema: {type: 3}}"), "not a JSON Schema"),
        (VERIFY, SMOKE.replace("path: /x", "path: x"), "cases[0].request.path: string should match pattern"),
        (
            VERIFY,
            SMOKE.replace("{status: 200}", "{status: 200, json: {a: '('}}"),
            "is not a regular expression",
        ),
    ],
)
def test_a_wrong_pipeline_is_named_with_file_line_and_key(
    tmp_path: Path, verify: str, smoke: str, message: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        loaded(project(tmp_path, verify, smoke))
    assert message in raised.value.message


# The settings that are right, which the table below makes wrong one at a time.
QUALITY = "{gate: quality, data_sets: [{file: pipelines/data.tsv}], margins: {chrf: 1.0}}"
SOAK = "{gate: soak, data_set: pipelines/data.tsv, max_growth: 1m}"
LATENCY = (
    "{gate: latency, data_set: pipelines/data.tsv, rate: 40, rounds: 10, round: 500ms, margins: {p95: 0.5}, "
    "max_p95: 1s}"
)
CONTRACT = "{gate: contract, data_set: pipelines/data.tsv}"
SMOKES = "{gate: smoke, cases: pipelines/smoke.yaml}"
STARTUP = "{gate: startup, ready_within: 5s}"


LEAST_TEN = "verify.yaml:3: gates[1].rounds: input should be greater than or equal to 10 (found 9)"
THE_MARGINS = "verify.yaml:3: gates[1].margins: "


def gate(settings: str, old: str = "", new: str = "") -> str:
    assert old in settings
    return f"  - {STARTUP}\n  - {settings.replace(old, new)}\n"


def written(folder: Path, gates: str) -> Path:
    """A project with these gates, and with the data set that they name."""
    (folder / "pipelines").mkdir()
    (folder / "pipelines" / "data.tsv").write_text("source\treference\na\tb\n")
    return project(folder, f"gates:\n{gates}")


@pytest.mark.parametrize(
    ("gates", "message"),
    [
        (
            "  - {gate: identity}\n",
            "verify.yaml:2: gates[0]: the first gate must be startup: it waits until the candidate is ready",
        ),
        (gate("{gate: identity}", "}", "}").replace("5s", "5s, off: later"), "verify.yaml:2: gates[0].off: "),
        (f"  - {STARTUP}\n", "verify.yaml:1: gates: no gate but startup is on"),
        (gate("{gate: identity, off: later}"), "verify.yaml:1: gates: no gate but startup is on"),
        (gate("{gate: identity, off: ' '}"), "verify.yaml:3: gates[1].off: give a reason, like off: "),
        (gate("{gate: identity, off: true}"), "verify.yaml:3: gates[1].off: input should be a valid string"),
        (gate("identity"), "verify.yaml:3: gates[1]: must hold `key: value`"),
        (gate("{gate: warp}"), "verify.yaml:3: gates[1]: unknown gate 'warp'; known: 'startup', "),
        (gate("{gate: identity, fast: true}"), "verify.yaml:3: gates[1].fast: unknown key"),
        (gate("{gate: identity, of: later}"), "verify.yaml:3: gates[1].of: unknown key; did you mean off?"),
        (gate(STARTUP), "verify.yaml:3: gates[1]: startup is gates[0] already; each gate once"),
        (
            gate(SMOKES, "smoke.yaml", "none.yaml"),
            "verify.yaml:3: gates[1].cases: there is no file",
        ),
        (gate(SOAK, "pipelines/data", "../data"), "verify.yaml:3: gates[1].data_set: a path inside the"),
        (gate(SOAK, "pipelines/data", "/etc/data"), "verify.yaml:3: gates[1].data_set: a path inside the"),
        (gate(SMOKES, "pipelines", "pipelines/../.."), "verify.yaml:3: gates[1].cases: a path inside the"),
        (
            gate(QUALITY, "pipelines/data", "../data"),
            "verify.yaml:3: gates[1].data_sets[0].file: a path inside the project",
        ),
        (gate(QUALITY, "chrf", "meteor"), "verify.yaml:3: gates[1].margins.meteor: "),
        (gate(QUALITY, "{chrf: 1.0}", "{}"), "verify.yaml:3: gates[1].margins: "),
        (gate(CONTRACT, "tsv", "tsv, batch: batch"), "verify.yaml:3: gates[1].batch: "),
        (gate("{gate: command, name: Own, run: [x]}"), "verify.yaml:3: gates[1].name: "),
        (gate("{gate: command, name: own, run: []}"), "verify.yaml:3: gates[1].run: must not be empty"),
        # What the gate could not conclude anything from is refused before anything is measured.
        (
            gate(QUALITY, "tsv", "tsv, sample: 149"),
            "verify.yaml:3: gates[1].data_sets[0].sample: input should be greater than or equal to 150",
        ),
        (gate(LATENCY, "rounds: 10", "rounds: 9"), LEAST_TEN),
        (
            gate(LATENCY, "{p95", "{p99"),
            f"{THE_MARGINS}p99 needs 1000 requests; rate, rounds and round give 200: more rounds, or no p99",
        ),
        (gate(LATENCY, "p95: 0.5", "p50: 0.5, p99: 0.5"), f"{THE_MARGINS}p99 needs 1000 requests; "),
        (
            gate(LATENCY, "500ms", "487ms"),
            f"{THE_MARGINS}p95 needs 200 requests; rate, rounds and round give 190",
        ),
        (
            gate(SOAK, "1m", "1m, requests: 11"),
            "verify.yaml:3: gates[1].requests: input should be greater than or equal to 12 (found 11)",
        ),
    ],
)
def test_a_wrong_setting_of_a_gate_is_named_with_file_line_and_key(
    tmp_path: Path, gates: str, message: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        loaded(written(tmp_path, gates))
    assert message in raised.value.message
    assert len(raised.value.message) < 600, "a whole section is no part of an error"


@pytest.mark.parametrize(
    "gates",
    [
        gate(QUALITY, "tsv", "tsv, sample: 150"),
        gate(LATENCY),
        gate(LATENCY, "rate: 40, rounds: 10", "rate: 40, rounds: 50").replace("{p95", "{p99"),
        gate(SOAK, "1m", "1m, requests: 12"),
    ],
)
def test_the_least_that_a_gate_concludes_anything_from_is_taken(tmp_path: Path, gates: str) -> None:
    assert len(loaded(written(tmp_path, gates)).gates) == 2


def test_a_rate_that_is_wrong_is_told_and_not_what_would_follow_from_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        loaded(written(tmp_path, gate(LATENCY, "rate: 40", "rate: fast")))
    assert [line.split(": ")[1] for line in raised.value.message.splitlines()] == ["gates[1].rate"]


@pytest.mark.parametrize("fresh", ["{text}", "{number}", "text", ""])
def test_a_fresh_text_needs_what_makes_it_new(tmp_path: Path, fresh: str) -> None:
    with pytest.raises(ConfigError) as raised:
        loaded(project(tmp_path, f"ask: {{fresh: '{fresh}'}}\n{VERIFY}"))
    assert "verify.yaml:1: ask.fresh: must hold {text} and {number}, like " in raised.value.message
