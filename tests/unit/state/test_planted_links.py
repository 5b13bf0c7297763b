"""A symbolic link in the state directory lets relctl write nowhere else; the pointer alone is one."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from relctl.errors import FileError, UsageError
from relctl.state.event import Event
from relctl.state.evidence import read
from relctl.state.files import replace_text
from relctl.state.layer_cache import locked
from relctl.state.ledger import Ledger
from relctl.state.lock import at_work, exclusive, is_held
from relctl.state.paths import Paths
from relctl.state.trust import insist_on_no_links, insist_on_trust


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    found = Paths(tmp_path / "state", "svc", "test")
    for each in (found.home, found.evidence, found.cache, found.proxy, found.routes):
        each.mkdir(parents=True)
    return found


def take(path: Path) -> None:
    with exclusive(path):
        pass


def sweep(path: Path) -> None:
    with locked(path.parent, fcntl.LOCK_EX):
        pass


WRITERS: dict[str, tuple[Callable[[Paths], Path], Callable[[Path], object]]] = {
    "lock": (lambda paths: paths.lock, take),
    "watching": (lambda paths: paths.watching, take),
    "verify": (lambda paths: paths.verify_lock, take),
    "ledger": (lambda paths: paths.ledger, lambda path: Ledger(path).append(Event("pinned"))),
    "ledger read": (lambda paths: paths.ledger, lambda path: Ledger(path).read()),
    "is held": (lambda paths: paths.lock, is_held),
    "cache": (lambda paths: paths.cache / "lock", sweep),
    "evidence": (lambda paths: paths.evidence / "1-2.json", read),
    "proxy": (lambda paths: paths.proxy / "access.log", lambda path: insist_on_no_links(path.parent)),
}


@pytest.mark.parametrize("there", [True, False], ids=("to a file", "to nothing"))
@pytest.mark.parametrize(("where", "write"), WRITERS.values(), ids=WRITERS)
def test_a_planted_link_is_refused_with_what_to_type_and_nothing_is_written(
    paths: Paths,
    tmp_path: Path,
    where: Callable[[Paths], Path],
    write: Callable[[Path], object],
    there: bool,
) -> None:
    victim, link = tmp_path / "victim", where(paths)
    if there:
        victim.write_text("precious\n")
    link.symlink_to(victim)
    with pytest.raises((FileError, UsageError)) as raised:
        write(link)
    assert f"{link}" in str(raised.value)
    assert "symbolic link" in str(raised.value)
    assert (victim.read_text() == "precious\n") if there else not victim.exists()


@pytest.mark.parametrize("name", ["lock.owner.json", "nginx/applied.sha256", "nginx/nginx.conf"])
def test_a_file_that_is_replaced_takes_the_place_of_a_link(paths: Paths, tmp_path: Path, name: str) -> None:
    victim, link = tmp_path / "victim", paths.home / name
    victim.write_text("precious\n")
    link.symlink_to(victim)
    replace_text(link, "ours")
    assert (victim.read_text(), link.read_text(), link.is_symlink()) == ("precious\n", "ours", False)


def test_who_holds_a_lock_is_not_read_through_a_link(paths: Paths, tmp_path: Path) -> None:
    with exclusive(paths.lock):
        owner = paths.lock.with_name("lock.owner.json")
        owner.rename(tmp_path / "elsewhere")
        owner.symlink_to(tmp_path / "elsewhere")
        assert "owner file cannot be read" in at_work(paths.lock)


@pytest.mark.parametrize("name", ["home", "routes", "proxy", "evidence"])
def test_a_folder_of_the_state_directory_is_no_link(paths: Paths, tmp_path: Path, name: str) -> None:
    folder: Path = getattr(paths, name)
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileError, match=f"{folder}'?: it is a symbolic link|symbolic link, to") as raised:
        insist_on_trust(tmp_path, paths)
    assert raised.value.hint.endswith(f"rm {folder}")


def test_the_state_directory_itself_may_be_reached_through_links(paths: Paths, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(paths.state)
    through = Paths(tmp_path / "link", "svc", "test")
    insist_on_trust(tmp_path, through)
    take(through.lock)
    Ledger(through.ledger).append(Event("pinned"))
    assert len(Ledger(paths.ledger).read().events) == 1


@pytest.mark.parametrize("plant", [os.mkfifo, Path.mkdir])
def test_what_is_no_file_is_refused_and_nobody_waits_for_it(
    paths: Paths, plant: Callable[[Path], None]
) -> None:
    plant(paths.lock)
    with pytest.raises(FileError) as raised:
        take(paths.lock)
    assert f"mv {paths.lock} {paths.lock}.bad" in raised.value.hint
