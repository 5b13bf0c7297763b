"""Layers: the same entries give the same bytes."""

import io
import itertools
import tarfile
from pathlib import Path

import pytest

from relctl.build import tarball
from relctl.build.tarball import Digesting
from relctl.errors import BuildError

ENTRIES = (
    tarball.text("app/code/b.py", "print('b')\n"),
    tarball.file("app/code/a.sh", 3, lambda: io.BytesIO(b"#!\n"), executable=True),
    tarball.link("app/code/current", "b.py"),
    tarball.folder("tmp", 0o1777),
    tarball.text("app/" + "long/" * 40 + "名前.txt", "PAX"),
)


def written(entries: tuple[tarball.Entry, ...], mtime: int = 0) -> tuple[bytes, str]:
    content = io.BytesIO()
    out = Digesting(content)
    tarball.write(entries, mtime, out)
    assert out.size == len(content.getvalue())
    return content.getvalue(), out.digest


def test_the_order_of_the_entries_does_not_matter() -> None:
    assert len({written(order)[1] for order in itertools.permutations(ENTRIES)}) == 1


def test_the_bytes_of_a_layer_are_those_of_every_python_and_every_release_of_relctl() -> None:
    """A new digest here means that the same commit gives another image id: raise cache._GENERATION then."""
    assert written(ENTRIES)[1] == "sha256:8db5a8a33626758483e83e3926fc9fd43304281632869e8c0b297760f5201d6f"


def test_members_are_sorted_and_owned_by_root_and_of_one_time() -> None:
    with tarfile.open(fileobj=io.BytesIO(written(ENTRIES, 1_700_000_000)[0])) as tar:
        members = tar.getmembers()
    assert [member.name for member in members] == sorted(member.name for member in members)
    assert {(member.uid, member.gid, member.uname, member.gname) for member in members} == {(0, 0, "", "")}
    assert {member.mtime for member in members} == {1_700_000_000}


def test_modes_are_those_of_the_kind_and_folders_in_between_are_added() -> None:
    with tarfile.open(fileobj=io.BytesIO(written(ENTRIES[:4])[0])) as tar:
        modes = {member.name: (member.type, oct(member.mode)) for member in tar}
    assert modes == {
        "app": (tarfile.DIRTYPE, "0o755"),
        "app/code": (tarfile.DIRTYPE, "0o755"),
        "app/code/a.sh": (tarfile.REGTYPE, "0o755"),
        "app/code/b.py": (tarfile.REGTYPE, "0o644"),
        "app/code/current": (tarfile.SYMTYPE, "0o777"),
        "tmp": (tarfile.DIRTYPE, "0o1777"),
    }


def test_a_path_that_is_taken_twice_is_refused() -> None:
    with pytest.raises(BuildError, match=r"/app/code/b\.py would be in the image twice"):
        tarball.complete([*ENTRIES, tarball.text("app/code/b.py", "other")])


def test_a_file_is_opened_only_when_it_is_written(tmp_path: Path) -> None:
    entry = tarball.file("late", 4, (tmp_path / "late").open)  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        written((entry,))
