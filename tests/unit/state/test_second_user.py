"""Two users of one machine: a stranger can hold up nobody, and who shares the state works with it."""

import fcntl
import grp
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from relctl.errors import FileError, HeldFileError, UsageError
from relctl.state import opening
from relctl.state.event import Event
from relctl.state.files import make_open, replace_link, replace_text
from relctl.state.layer_cache import locked
from relctl.state.ledger import Ledger
from relctl.state.lock import exclusive
from relctl.state.paths import Paths
from relctl.state.trust import insist_on_trust
from second_user import NOBODY, SHARED, as_nobody, needs_root, open_folder
from still_clock import StillClock

pytestmark = needs_root


@pytest.fixture
def paths() -> Iterator[Paths]:
    """A state directory in a folder that everybody may enter, and nothing in it yet."""
    with open_folder() as folder:
        yield Paths(folder / "state", "svc", "test")


def work(paths: Paths) -> None:
    """Do what a command does to the state."""
    with exclusive(paths.lock), locked(paths.cache, fcntl.LOCK_SH):
        Ledger(paths.ledger).append(Event("pinned", tag="v1"))
        replace_text(paths.evidence / "1.json", "{}")
        make_open(paths.home, paths.routes, paths.routes / "blue")
        replace_link(paths.pointer, "routes/blue")


def events(paths: Paths) -> list[str]:
    return [each.by.partition("@")[0] for each in Ledger(paths.ledger).read().events]


FILES: dict[str, Callable[[Paths], Path]] = {
    "lock": lambda paths: paths.lock,
    "ledger": lambda paths: paths.ledger,
    "evidence": lambda paths: paths.evidence / "1.json",
    "cache": lambda paths: paths.cache / "lock",
}
each_file = pytest.mark.parametrize("file", FILES.values(), ids=FILES)


@each_file
@pytest.mark.parametrize("older", [0o644, 0o666, 0o600], ids=oct)
def test_a_stranger_can_open_none_of_them_to_hold_its_lock(
    paths: Paths, file: Callable[[Paths], Path], older: int
) -> None:
    work(paths)
    file(paths).chmod(older)  # as a relctl before this one left it
    work(paths)

    def hold() -> None:
        with file(paths).open("rb") as taken:
            fcntl.flock(taken, fcntl.LOCK_SH)

    assert as_nobody(hold).startswith("PermissionError: ")


def test_a_stranger_is_told_how_the_state_is_shared(paths: Paths) -> None:
    work(paths)
    said = as_nobody(lambda: work(paths))
    assert said.startswith(
        f"FileError: {paths.lock}: Permission denied for nobody: share it with the group: "
    )
    assert f"chgrp -R {NOBODY.pw_gid} {paths.state} && chmod -R g+rwX {paths.state}" in said


def test_that_one_command_shares_it_whoever_made_it(paths: Paths) -> None:
    work(paths)
    said = as_nobody(lambda: work(paths), SHARED)
    command = said.partition("sudo sh -c ")[2].replace(f"chgrp -R {NOBODY.pw_gid}", f"chgrp -R {SHARED}")
    os.system(f"sh -c {command}")  # noqa: S605 - as the person would, who is told to
    assert as_nobody(lambda: work(paths), SHARED) == "None"
    work(paths)
    assert as_nobody(lambda: work(paths), SHARED) == "None"
    assert events(paths) == ["root", "nobody", "root", "nobody"]
    assert as_nobody(lambda: work(paths)).startswith("FileError: ")


def test_in_a_shared_directory_all_that_is_made_is_the_group_s_whatever_the_umask(paths: Paths) -> None:
    paths.state.mkdir()
    os.chown(paths.state, 0, SHARED)
    paths.state.chmod(0o2775)
    before = os.umask(0o077)
    try:
        work(paths)
        assert as_nobody(lambda: work(paths), SHARED) == "None"
    finally:
        os.umask(before)
    for each in paths.state.rglob("*"):
        if not each.is_symlink():
            mode = 0o2775 if each.is_dir() else 0o660
            assert (each, each.stat().st_gid, stat.S_IMODE(each.stat().st_mode)) == (each, SHARED, mode)


def test_what_a_user_makes_by_sudo_in_a_folder_of_theirs_is_theirs(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_UID", str(NOBODY.pw_uid))
    os.chown(paths.state.parent, NOBODY.pw_uid, NOBODY.pw_gid)
    work(paths)
    assert as_nobody(lambda: work(paths)) == "None"
    work(paths)
    assert as_nobody(lambda: work(paths)) == "None"
    assert events(paths) == ["root", "nobody", "root", "nobody"]


def test_what_root_makes_as_itself_stays_its_own(paths: Paths) -> None:
    os.chown(paths.state.parent, NOBODY.pw_uid, NOBODY.pw_gid)
    work(paths)
    assert {each.lstat().st_uid for each in (paths.state, *paths.state.rglob("*"))} == {0}


def test_nginx_s_workers_get_through_to_the_route(paths: Paths) -> None:
    before = os.umask(0o077)
    try:
        make_open(paths.state)
        work(paths)
    finally:
        os.umask(before)
    assert as_nobody(lambda: paths.pointer.resolve(strict=True).name) == "blue"


@pytest.mark.parametrize(
    ("tolerant", "all_in_all"), [(False, 5.0), (True, 0.5)], ids=("who insists", "a rollback")
)
def test_who_holds_the_ledger_is_named_and_not_waited_for_for_ever(
    paths: Paths, tolerant: bool, all_in_all: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = StillClock()
    monkeypatch.setattr(opening, "time", clock)
    work(paths)
    ledger, said = Ledger(paths.ledger), list[str]()
    if tolerant:
        ledger.tolerate(said.append)
    with paths.ledger.open("rb") as stranger:
        fcntl.flock(stranger, fcntl.LOCK_EX)
        for _ in range(3):
            with pytest.raises(HeldFileError) as raised:
                ledger.append(Event("pinned"))
    assert all_in_all <= sum(clock.slept) < all_in_all + 0.1
    assert f"pid {os.getpid()} (" in str(raised.value)
    assert "holds its lock and did not release it" in str(raised.value)
    assert f"kill {os.getpid()}" in raised.value.hint
    ledger.append(Event("unpinned"))
    assert [each.event for each in ledger.read().events] == ["pinned", "unpinned"]


def test_a_file_that_a_stranger_has_put_there_is_not_believed(paths: Paths) -> None:
    work(paths)
    os.chown(paths.ledger, NOBODY.pw_uid, NOBODY.pw_gid)
    with pytest.raises(UsageError, match="it belongs to nobody and cannot be trusted") as raised:
        Ledger(paths.ledger).read()
    assert f"sudo chown 0:0 {paths.ledger}" in raised.value.hint
    with pytest.raises(FileError, match="it belongs to nobody"):
        Ledger(paths.ledger).append(Event("pinned"))


FOLDERS: dict[str, Callable[[Paths], Path]] = {
    "project": lambda paths: paths.state.parent,
    "state": lambda paths: paths.state,
    "home": lambda paths: paths.home,
    "routes": lambda paths: paths.routes,
    "evidence": lambda paths: paths.evidence,
    "cache": lambda paths: paths.cache,
}


@pytest.mark.parametrize("folder", FOLDERS.values(), ids=FOLDERS)
def test_a_folder_that_is_somebody_else_s_is_refused(
    paths: Paths, folder: Callable[[Paths], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    work(paths)
    insist_on_trust(paths.state.parent, paths)
    os.chown(folder(paths), NOBODY.pw_uid, NOBODY.pw_gid)
    with pytest.raises(
        UsageError, match=f"{folder(paths)}: .* belongs to nobody, and you are root"
    ) as raised:
        insist_on_trust(paths.state.parent, paths)
    assert f"chown -R root: {folder(paths)}" in raised.value.hint
    monkeypatch.setenv("SUDO_UID", str(NOBODY.pw_uid))  # root by sudo is still that user
    insist_on_trust(paths.state.parent, paths)


def test_a_group_is_agreed_where_the_folder_is_setgid_and_ours(paths: Paths) -> None:
    work(paths)

    def look() -> None:
        insist_on_trust(paths.state.parent, paths)

    for each in (paths.state.parent, paths.state):
        os.chown(each, 12345, SHARED)
        each.chmod(0o2775)
    assert as_nobody(look, SHARED) == "None"
    assert as_nobody(look).startswith(f"UsageError: {paths.state.parent}: the project belongs to 12345")


@pytest.mark.parametrize(
    ("mode", "words", "command"),
    [
        (0o777, "everybody can write to the state directory", "chmod -R go-w {}"),
        (0o2777, "everybody can write to the state directory", "chmod -R o-w {}"),
        (0o775, "group 4242 can write to the state directory", "chmod -R g-w {}"),
    ],
)
@pytest.mark.parametrize("folder", [FOLDERS["state"], FOLDERS["home"], FOLDERS["evidence"]])
def test_a_folder_that_others_may_write_to_is_refused_with_what_mends_it(
    paths: Paths, folder: Callable[[Paths], Path], mode: int, words: str, command: str
) -> None:
    work(paths)
    os.chown(folder(paths), 0, SHARED)
    folder(paths).chmod(mode)
    with pytest.raises(UsageError, match=words) as raised:
        insist_on_trust(paths.state.parent, paths)
    mends = command.format(folder(paths))
    assert mends in raised.value.hint
    os.system(mends)  # noqa: S605 - as the person would
    insist_on_trust(paths.state.parent, paths)


def test_a_user_s_own_group_with_nobody_else_in_it_may_write(paths: Paths) -> None:
    work(paths)
    paths.state.chmod(0o775)  # root:root, as a umask of 002 leaves it
    insist_on_trust(paths.state.parent, paths)
    work(paths)
    assert paths.ledger.stat().st_mode & 0o777 == 0o600


def test_what_an_older_relctl_made_under_a_umask_of_002_is_set_right_and_not_refused(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = grp.struct_group(("root", "x", 0, ["eve"]))  # nobody's own group, then
    monkeypatch.setattr(grp, "getgrgid", lambda _: others)
    work(paths)
    paths.evidence.chmod(0o775)
    insist_on_trust(paths.state.parent, paths)
    assert stat.S_IMODE(paths.evidence.stat().st_mode) == 0o755
