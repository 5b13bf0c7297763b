"""Replacing files: a reader finds the old or the new one, never a half and never none."""

import itertools
import os
import threading
import time
from pathlib import Path

import pytest

from relctl.state.files import replace_link, replace_text
from small_disk import small_disk


def test_a_text_is_replaced_whole_and_is_nobody_else_s_to_open(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    replace_text(path, "old")
    replace_text(path, "neu: 新")
    assert path.read_text(encoding="utf-8") == "neu: 新"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_text_that_is_no_state_is_for_whom_it_was_meant(tmp_path: Path) -> None:
    replace_text(tmp_path / "file", "x", 0o644)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644


def test_a_failing_write_leaves_the_old_text_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "file"
    replace_text(path, "old")
    with pytest.raises(UnicodeEncodeError):
        replace_text(path, "\ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_another_s_temporary_file_is_left_alone_while_it_lives(tmp_path: Path) -> None:
    other, dead = tmp_path / ".file.1.abc", tmp_path / ".file.4194305.abc"  # beyond the greatest number
    for each in (other, dead):
        each.touch()
    replace_text(tmp_path / "file", "x")
    assert sorted(tmp_path.iterdir()) == [other, tmp_path / "file"]


def test_a_link_is_there_at_every_instant_while_it_moves(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    link = tmp_path / "live"
    replace_link(link, "a")
    done, seen = threading.Event(), set()

    def watch() -> None:
        while not done.is_set():
            seen.add(link.readlink().name)  # raises if the link is missing for an instant

    watcher = threading.Thread(target=watch)
    watcher.start()
    deadline = time.monotonic() + 30
    for number in itertools.count():
        replace_link(link, "ab"[number % 2])
        if number >= 500 and (len(seen) == 2 or time.monotonic() > deadline):
            break  # a busy machine may let the watcher look late
    done.set()
    watcher.join()
    assert seen == {"a", "b"}


def test_a_temporary_link_left_by_a_killed_process_is_no_obstacle(tmp_path: Path) -> None:
    link = tmp_path / "live"
    link.with_name(".live.new").symlink_to("nowhere")
    replace_link(link, "a")
    assert link.readlink() == Path("a")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a file system")
@pytest.mark.parametrize("inodes", [False, True], ids=("no room", "no inode"))
def test_on_a_full_disk_the_old_text_and_link_stay_and_are_named(tmp_path: Path, inodes: bool) -> None:
    with small_disk(tmp_path) as disk:
        path, link = tmp_path / "text", tmp_path / "live"
        replace_text(path, "old")
        replace_link(link, "routes/blue")
        disk.fill_inodes() if inodes else disk.fill()
        with pytest.raises(OSError, match=f"No space left on device: '{path}'$"):
            replace_text(path, "new" * 4096)
        if inodes:
            with pytest.raises(OSError, match=f"No space left on device: '{link}'$"):
                replace_link(link, "routes/green")
        assert (path.read_text(), str(link.readlink())) == ("old", "routes/blue")
        assert list(tmp_path.glob(".*")) == []
