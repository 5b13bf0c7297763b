"""Retention through the command line, on the real engine and a real Nginx, over two environments."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import docker
import pytest

from relctl.state.lock import exclusive
from scratch import ROOT, Scratch

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.mark.parametrize("state", [[], ["--apart"]], ids=["one state directory", "two"])
def test_two_environments_go_back_to_all_that_they_retain_and_the_disk_stays_as_it_is(
    state: list[str],
) -> None:
    options = ["--cycles", "8", "--retain", "2", *state]
    command = [sys.executable, str(ROOT / "benchmarks" / "retention.py"), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500)
    assert done.stdout, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["failed"] == []
    assert (found["promotes"], found["state_directories"]) == ([5, 3], 1 + len(state))
    assert found["rollbacks"] == 8 + 2 * 2
    half, end = found["disk_at_half"], found["disk_at_end"]
    assert (end["images"], found["releases"]) == (3, 5)  # the fifth and fourth, and the fourth and third
    lists = 1 + len(state)  # a page of all reports for each state directory
    assert end["evidence_files"] <= 2 * end["images"] + lists
    assert end["cached_layers"] <= half["cached_layers"]
    assert end["layer_bytes"] < 1.01 * half["layer_bytes"]


def test_prune_says_why_and_removes_image_evidence_report_and_layers(echo: Scratch) -> None:
    echo.edit("versions.yaml", "(?m)^retain: .*", "retain: 1")
    first, second = echo.proved("1.0.0"), echo.proved("2.0.0")
    for tag in (first, second):
        echo.ok("promote", tag)
    built = image(echo, first)
    waiting = echo.build("3.0.0")
    echo.ok("pin", first, "--reason", "the audit of May")
    third = echo.proved("4.0.0")
    echo.ok("promote", third)
    assert echo.json("prune", "--dry-run") == {
        "removed": [],
        "kept": [
            {"tag": third, "why": "live"},
            {"tag": first, "why": "pinned"},
            {"tag": waiting, "why": "one of the last 1 not promoted"},
            {"tag": second, "why": "standby"},
        ],
    }
    assert {each["tag"]: each["pinned"] for each in echo.json("releases")}[first]
    assert f"{first} is not pinned any more" in echo.ok("unpin", first).stdout
    assert f"{first}  would be removed" in echo.ok("prune", "--dry-run").stdout
    assert echo.json("prune")["removed"] == [first]
    assert (image(echo, first), evidence(echo, built)) == (None, [])
    assert len(evidence(echo, image(echo, second))) == 2
    assert echo.json("history")[-1]["event"] == "pruned"
    assert f"{first} is not a retained release" in echo.refused(2, "rollback", first)


def image(project: Scratch, tag: str) -> Any:
    """The id of a release's image, None when the engine has none."""
    client = docker.from_env()
    try:
        found = client.images.list(filters={"label": f"io.relctl.tag={tag}"})
        return next((each.id for each in found if each.labels["io.relctl.service"] == project.service), None)
    finally:
        client.close()


def evidence(project: Scratch, image_id: Any) -> list[Path]:
    return list((project.state / "evidence").glob(f"{image_id.removeprefix('sha256:')}*"))


def test_bad_input_of_pin_unpin_and_prune(echo: Scratch) -> None:
    tag = echo.build("1.0.0")
    assert "there is no image" in echo.refused(2, "pin", "v9.9.9-abc12de")
    assert "'newest' is not a release tag" in echo.refused(2, "pin", "newest")
    assert f"{tag} is not pinned in local; pinned: nothing" in echo.refused(2, "unpin", tag)
    assert echo.json("pin", tag)["verdict"] == "pinned"
    assert echo.json("pin", tag)["verdict"] == "pinned already"
    with exclusive(echo.state / f"{echo.service}-local" / "lock"):
        for words in (("prune",), ("prune", "--dry-run"), ("pin", tag), ("unpin", tag)):
            assert "another relctl is at work here" in echo.refused(4, *words)
    assert echo.json("prune", "--dry-run")["kept"] == [{"tag": tag, "why": "pinned"}]


def test_an_image_removed_by_its_name_is_still_a_release_and_one_removed_by_force_is_told(
    echo: Scratch,
) -> None:
    tag = echo.proved("1.0.0")
    client = docker.from_env()
    try:
        client.images.remove(f"relctl-test-{echo.service}:{tag}")
        echo.ok("promote", tag)
        assert [each["tag"] for each in echo.json("releases")] == [tag]
        other = echo.build("2.0.0")
        client.images.remove(str(image(echo, other)), force=True)
    finally:
        client.close()
    said = {each["tag"]: each["why"] for each in echo.json("prune")["kept"]}
    assert said == {tag: "live", other: "one of the last 3 not promoted; its image is gone from the engine"}
