"""What a workflow may do: run actions of a fixed commit, read, and leave no credentials behind."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

WORKFLOWS = sorted((Path(__file__).parents[2] / ".github" / "workflows").glob("*.yml"))
# A tag can be moved to other code; a commit cannot. The tag stands behind it, for people and for updates.
PINNED = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")

each = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


def parsed(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in parsed(path)["jobs"].values() for step in job["steps"]]


@each
def test_an_action_is_pinned_by_its_commit_and_says_its_tag(path: Path) -> None:
    used = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if "uses:" in line]
    assert len(used) == sum("uses" in step for step in steps(path)) > 0
    for line in used:
        assert PINNED.fullmatch(line.removeprefix("- ")), line


def test_one_commit_of_an_action_is_used_everywhere() -> None:
    used = {
        line for path in WORKFLOWS for line in re.findall(r"uses: (.*)", path.read_text(encoding="utf-8"))
    }
    assert len(used) == len({line.partition("@")[0] for line in used})


@each
def test_a_workflow_may_only_read(path: Path) -> None:
    assert parsed(path)["permissions"] == {"contents": "read"}
    assert not any("permissions" in job for job in parsed(path)["jobs"].values())


@each
def test_a_checkout_leaves_no_credentials_behind(path: Path) -> None:
    found = [step["with"] for step in steps(path) if step.get("uses", "").startswith("actions/checkout@")]
    assert found
    assert all(given["persist-credentials"] is False for given in found)


@each
def test_no_expression_becomes_part_of_a_shell_command(path: Path) -> None:
    """A tag, a branch or a title that somebody chose would be run: they are passed as variables."""
    assert not [step["run"] for step in steps(path) if "${{" in step.get("run", "")]
