"""A full disk through the command line: exit code, the file by its name, what to do, and the way on."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from client_load import Load, failed
from scratch import Scratch, echo_project
from small_disk import PAGE, SmallDisk, small_disk

pytestmark = [
    pytest.mark.engine,
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a file system"),
]


@pytest.fixture
def project() -> Iterator[Scratch]:
    """A project whose state, but for the shared build cache, is on a small disk."""
    with echo_project() as made, contextlib.ExitStack() as stack:
        cache = (made.state / "cache").readlink()
        disk = stack.enter_context(small_disk(made.root.parent / "disk"))
        made.environ["RELCTL_STATE_DIR"] = str(disk.root)
        stack.callback(made.run, "proxy", "down")
        (made.state / "cache").symlink_to(cache)
        yield made


def test_each_command_says_which_file_found_no_room_and_goes_on_when_there_is(project: Scratch) -> None:
    disk, tags = SmallDisk(project.state), [project.proved(f"{number}.0.0") for number in (1, 2, 3)]
    for tag in tags[:2]:
        project.ok("promote", tag)
    [ledger] = project.state.glob("*/ledger.jsonl")
    load = Load(project.listen, "/translate", {"text": "x"}, connections=2, pause=0.02).start()
    load.wait_for(5, within=20)
    project.commit("4.0.0")
    full(disk, ledger)
    for code, named, arguments in (
        (2, f"{project.state}/", ("build",)),
        (2, f"{project.state}/", ("verify", tags[2])),
        (2, str(ledger), ("promote", tags[2], "--force", "--reason", "its evidence found no room")),
        (2, str(ledger), ("pin", tags[0])),
        (6, str(ledger), ("rollback",)),
    ):
        words = project.refused(code, *arguments)
        assert named in words
        assert "No space left on device" in words
    assert project.json("status")["live"]["tag"] == tags[0]
    disk.make_room()
    project.ok("promote", tags[0])
    tag = project.json("build")["tag"]
    assert [each["event"] for each in project.json("history") if each["tag"] == tag] == ["built"]
    project.ok("verify", tags[2])
    project.ok("promote", tags[2])
    assert failed(load.stop()) == []
    assert project.json("status")["drift"] == []


def test_down_stops_everything_and_is_written_down_when_there_is_room(project: Scratch) -> None:
    disk = SmallDisk(project.state)
    project.ok("promote", project.proved("1.0.0"))
    [ledger] = project.state.glob("*/ledger.jsonl")
    project.ok("proxy", "down")  # with its files Nginx gives up room enough for a line
    full(disk, ledger)
    words = project.refused(6, "down")
    assert f"everything is stopped, but that could not be recorded: {ledger}: No space left" in words
    assert project.json("history")[-1]["event"] == "promoted"
    disk.make_room()
    assert project.json("down") == {"stopped": []}
    last = project.json("history")[-1]
    assert (last["event"], last["reason"]) == ("stopped", "nothing ran any more")
    project.ok("down")
    assert project.json("history")[-1] == last


def full(disk: SmallDisk, ledger: Path) -> None:
    """Fill the disk, and the last page of the ledger."""
    missing = -ledger.stat().st_size % PAGE
    with ledger.open("a") as file:
        file.write(" " * (missing - 1) + "\n" if missing else "")
    disk.fill()
