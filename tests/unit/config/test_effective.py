"""Which value applies, and who said it."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from relctl.config.environment import Environment
from relctl.config.project import Value, effective
from relctl.config.versions import Versions
from scratch import ECHO, RELCTL

HOOKS = '[{"on": [promoted], "webhook": "https://example.invalid/secret"}]'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(ECHO, tmp_path / "project")
    return tmp_path / "project"


def write(project: Path, text: str) -> None:
    (project / "deploy" / "environments" / "local.yaml").write_text(text)


def found(project: Path, **environ: str) -> dict[str, Value]:
    return {each.key: each for each in effective(project, "local", environ)}


def test_a_value_comes_from_its_line_a_variable_or_nobody(project: Path) -> None:
    write(project, "engine: docker\nproxy:\n  listen: 127.0.0.1:9\nresources: {memory: 1k, pids: 99}\n")
    values = found(project, RELCTL_RESOURCES_PIDS="64", RELCTL_STATE_DIR="/srv/state")
    assert [values[key] for key in ("proxy.listen", "resources.memory", "resources.pids", "state_dir")] == [
        Value("proxy.listen", ["127.0.0.1:9"], "deploy/environments/local.yaml:3"),
        Value("resources.memory", 1024, "deploy/environments/local.yaml:4"),
        Value("resources.pids", 64, "RELCTL_RESOURCES_PIDS"),
        Value("state_dir", "/srv/state", "RELCTL_STATE_DIR"),
    ]
    assert values["proxy.mode"] == Value("proxy.mode", "managed", "default")
    assert values["network.publish"] == Value("network.publish", None, "default")
    assert values["service"] == Value("service", "echo", "versions.yaml:1")


def test_what_follows_from_another_key_is_no_default(project: Path) -> None:
    write(project, "rollout: {until: healthy or 30m}\n")
    assert found(project)["rollout.observe"] == Value("rollout.observe", 1800.0, "derived")


def test_every_key_of_both_files_is_there(project: Path) -> None:
    tops = {key.partition(".")[0] for key in found(project)}
    assert tops == {*Environment.model_fields, *Versions.model_fields}


@pytest.mark.parametrize(
    ("text", "environ", "key"),
    [
        ("engine: docker\n", {"RELCTL_NOTIFY": HOOKS}, "notify"),
        (f"notify: {HOOKS}\n", {}, "notify"),
        ("docker_host: tcp://${SECRET}:1\n", {"SECRET": "secret"}, "docker_host"),
    ],
)
def test_what_may_be_a_secret_is_hidden(project: Path, text: str, environ: dict[str, str], key: str) -> None:
    write(project, text)
    values = found(project, **environ)
    assert (values[key].hidden, values[key].value) == (True, None)
    assert "secret" not in repr(values)


def relctl(project: Path, *words: str) -> str:
    command = [str(RELCTL), "--project", str(project), "config", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout


def test_the_command_shows_a_line_a_value(project: Path) -> None:
    write(project, f"notify: {HOOKS}\n")
    first, headings, *lines = relctl(project).splitlines()
    assert first == f"echo in local: {project}"
    assert headings.split() == ["KEY", "SOURCE", "VALUE"]
    rows = {line.split()[0]: line.split()[1:] for line in lines}
    assert rows["notify"] == ["deploy/environments/local.yaml:1", "(not", "shown)"]
    assert rows["network.publish"] == ["default", "-"]
    assert rows["rollout.canary"] == ["default", "-"]
    assert rows["allow_dirty"] == ["default", "false"]
    told: dict[str, Any] = json.loads(relctl(project, "--json"))
    assert set(told) == {"project", "environment", "values"}
    assert len(told["values"]) == len(lines)
    assert set(told["values"][0]) == {"key", "value", "source", "hidden"}
