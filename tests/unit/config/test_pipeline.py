"""pipelines/: unknown gates, doubled gates and bad cases are refused with file, line and key."""

from pathlib import Path

import pytest

from relctl.config.pipeline import load_pipeline
from relctl.errors import ConfigError
from scratch import ROOT

VERIFY = "gates:\n  - {gate: startup, ready_within: 5s}\n  - {gate: smoke, cases: pipelines/smoke.yaml}\n"
SMOKE = "cases:\n  - name: one\n    request: {path: /x, json: {text: a}}\n    expect: {status: 200}\n"


def project(folder: Path, verify: str = VERIFY, smoke: str = SMOKE) -> Path:
    (folder / "pipelines").mkdir(exist_ok=True)
    (folder / "pipelines" / "verify.yaml").write_text(verify)
    (folder / "pipelines" / "smoke.yaml").write_text(smoke)
    return folder


def test_the_projects_own_pipeline_holds_what_a_release_must_pass() -> None:
    found = load_pipeline(ROOT)
    assert [settings.gate for settings in found.gates] == ["startup", "identity", "smoke"]
    texts = [case.request.json_.get("text") for case in found.cases if isinstance(case.request.json_, dict)]
    assert {"这是一段测试文本。", "人工智能正在改变世界。", "北京天气很好。"} <= set(texts)


def test_the_checksum_covers_the_pipeline_and_its_cases(tmp_path: Path) -> None:
    first = load_pipeline(project(tmp_path)).checksum
    assert load_pipeline(project(tmp_path)).checksum == first
    assert load_pipeline(project(tmp_path, verify=VERIFY.replace("5s", "6s"))).checksum != first
    assert load_pipeline(project(tmp_path, smoke=SMOKE.replace("200", "201"))).checksum != first


@pytest.mark.parametrize(
    ("verify", "smoke", "message"),
    [
        ("gates: []\n", SMOKE, "verify.yaml:1: gates: list should have at least 1 item"),
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
            "each gate once",
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
        (VERIFY, SMOKE.replace("path: /x", "path: x"), "cases[0].request.path: string should match pattern"),
        (VERIFY, SMOKE.replace("{status: 200}", "{status: 200, json: {a: '('}}"), "is no regular expression"),
    ],
)
def test_a_wrong_pipeline_is_named_with_file_line_and_key(
    tmp_path: Path, verify: str, smoke: str, message: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        load_pipeline(project(tmp_path, verify, smoke))
    assert message in raised.value.message
