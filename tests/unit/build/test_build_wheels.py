"""Wheels that no build takes: others than the lock pins, and what an installer should not write."""

import hashlib
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from relctl.build import code, dependencies, model, requirements
from relctl.build.job import Job
from relctl.build.tarball import complete, text
from relctl.errors import BuildError, RelctlError
from unit.build.build_job import again, job

NAME = "good-1.0-py3-none-any.whl"
INFO = "good-1.0.dist-info"
SANE = {
    "good/__init__.py": b"VALUE = 1\n",
    f"{INFO}/METADATA": b"Metadata-Version: 2.1\nName: good\nVersion: 1.0\n",
    f"{INFO}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
}


def wheel(folder: Path, *more: tuple[Any, bytes], **kept: bytes) -> Path:
    """Write a wheel of sane files and these; `kept` replaces what WHEEL and METADATA say."""
    path = folder / NAME
    files = {**SANE, **{f"{INFO}/{name}": content for name, content in kept.items()}}
    members: list[tuple[Any, bytes]] = [*files.items(), *more]
    record = "".join(f"{_named(name)},,\n" for name, _ in members) + f"{INFO}/RECORD,,\n"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in [*members, (f"{INFO}/RECORD", record.encode())]:
            archive.writestr(name, content)
    return path


def _named(member: Any) -> str:
    return member.filename if isinstance(member, zipfile.ZipInfo) else str(member)


def special(name: str, kind: int) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name)
    made.external_attr = (kind | 0o644) << 16
    return made


def pin(path: Path) -> str:
    return f"good==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


@pytest.fixture
def offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Job]:
    """A job whose lock pins a wheel, which is what pip has to give."""

    def of(path: Path) -> Job:
        content = path.read_bytes()
        monkeypatch.setattr(
            requirements, "_download", lambda _job, _lock, folder: (folder / path.name).write_bytes(content)
        )
        return job(tmp_path, {"requirements.lock": pin(path).encode()})

    return of


def unpacked(of: Job) -> dict[str, bytes]:
    layer = dependencies.layer(of)
    assert layer.tar is not None
    with tarfile.open(layer.tar) as tar:
        return {each.name: tar.extractfile(each).read() for each in tar if each.isfile()}  # type: ignore[union-attr]


def cached(of: Job) -> Path:
    (found,) = of.cache.folder.glob("wheels/*/*.whl")
    return found


def forget_layers(of: Job) -> None:
    for note in of.cache.folder.glob("layers/*/*.json"):
        note.unlink()


def test_a_sane_wheel_is_unpacked(tmp_path: Path, offered: Callable[[Path], Job]) -> None:
    made = offered(wheel(tmp_path, (f"{INFO}/entry_points.txt", b"[console_scripts]\ngood = good:main\n")))
    found = unpacked(made)
    assert found["app/site/good/__init__.py"] == b"VALUE = 1\n"
    assert found["app/site/bin/good"].startswith(b"#!/usr/bin/python3.11\n")


def test_another_wheel_in_the_cache_is_named_and_fetched_again(
    tmp_path: Path, offered: Callable[[Path], Job]
) -> None:
    made, said = offered(wheel(tmp_path)), list[str]()
    object.__setattr__(made, "say", said.append)
    before = unpacked(made)
    forget_layers(made)
    planted = wheel(tmp_path, ("good/planted.py", b"import os\n")).read_bytes()
    cached(made).write_bytes(planted)
    assert unpacked(made) == before
    assert any(f"not what requirements.lock pins, fetching all wheels again: {NAME}" in each for each in said)
    assert pin(cached(made)) == made.source.text("requirements.lock")


def test_a_wheel_that_is_another_one_as_soon_as_it_is_fetched_is_refused(
    tmp_path: Path, offered: Callable[[Path], Job]
) -> None:
    made = offered(wheel(tmp_path))
    (tmp_path / "project" / "requirements.lock").write_text(f"good==1.0 --hash=sha256:{'1' * 64}\n")
    with pytest.raises(BuildError, match=rf"{NAME}: not what requirements\.lock pins"):
        dependencies.layer(again(tmp_path))
    assert not list(made.cache.folder.glob("layers/dependencies/*"))


LINK, DEVICE = special("good/link", stat.S_IFLNK), special("good/null", stat.S_IFCHR)


@pytest.mark.parametrize(
    ("member", "why"),
    [
        ("/etc/passwd", "does not stay below the folder"),
        ("../outside.py", "does not stay below the folder"),
        ("good/../../outside.py", "does not stay below the folder"),
        ("good/..", "does not stay below the folder"),
        ("good//twice.py", "does not stay below the folder"),
        ("./good/here.py", "does not stay below the folder"),
        ("good-1.0.data/data/../../../x", "does not stay below the folder"),
        ("C:\\x.py", "is not a valid file name"),
        ("good/a\nb.py", "is not a valid file name"),
        (f"good/{'x' * 256}", "is not a valid file name"),
        (LINK, "is a symbolic link"),
        (DEVICE, "is neither a file nor a folder"),
        ("good/.wh.os.py", "begins with .wh."),
        ("good/.wh..wh..opq", "begins with .wh."),
        (".wh.good/x.py", "begins with .wh."),
        ("good/__init__.py/x", "'good/__init__.py' is in it twice"),
        ("good-1.0.data/strange/x", "is not contained in a valid .data"),
    ],
    ids=lambda value: getattr(value, "filename", value)[:30],
)
def test_a_member_that_no_installer_should_write_is_refused_by_name(
    tmp_path: Path, offered: Callable[[Path], Job], member: Any, why: str
) -> None:
    made = offered(wheel(tmp_path, (member, b"x")))
    with pytest.raises(BuildError) as raised:
        dependencies.layer(made)
    assert raised.value.message.startswith(f"{NAME}: ")
    assert why in raised.value.message
    assert raised.value.exit_code == 2
    assert not (tmp_path / "outside.py").exists()
    assert not list(made.cache.folder.glob("layers/dependencies/*"))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_that_stands_twice_is_refused(tmp_path: Path) -> None:
    found = wheel(tmp_path, ("good/__init__.py", b"VALUE = 2\n"))
    with pytest.raises(BuildError, match=r"'good/__init__\.py' is in it twice"):
        requirements.insist_on_members(found)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (b"[console_scripts]\n../../outside = good:main\n", "outside of the target directory"),
        (b"[console_scripts]\n.wh.python3 = good:main\n", "begins with .wh."),
        (b"[console_scripts]\nx = \n", "cannot be unpacked: it is not as PEP 427 says"),
        (b"no section", "cannot be unpacked: File contains no section headers"),
    ],
)
def test_a_script_that_would_lie_elsewhere_is_refused(
    tmp_path: Path, offered: Callable[[Path], Job], entry: bytes, why: str
) -> None:
    made = offered(wheel(tmp_path, (f"{INFO}/entry_points.txt", entry)))
    with pytest.raises(BuildError, match=why):
        dependencies.layer(made)


@pytest.mark.parametrize(
    ("size", "why"),
    [(15 * 1024**2, ""), (17 * 1024**2, r"unpack to 18 MB, [\d,]+ times its size; 100")],
)
def test_a_wheel_that_unpacks_to_many_times_its_size_is_refused(tmp_path: Path, size: int, why: str) -> None:
    found = wheel(tmp_path, ("good/zeros", bytes(size)))
    if not why:
        return requirements.insist_on_members(found)
    with pytest.raises(BuildError, match=why):
        requirements.insist_on_members(found)
    return None


def test_a_wheel_may_not_state_more_than_a_disk_is_for(tmp_path: Path) -> None:
    found = wheel(tmp_path, ("good/large", b"x" * 100))
    content = bytearray(found.read_bytes())
    at = content.index(b"PK\1\2", content.rindex(b"good/large") - 60)
    content[at + 24 : at + 28] = (0xFFFFFFF0).to_bytes(4, "little")
    found.write_bytes(content)
    with pytest.raises(BuildError, match=r"would unpack to 4,295 MB"):
        requirements.insist_on_members(found)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\3\4" + bytes(100)])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(BuildError, match=rf"{NAME}: cannot be read: "):
        requirements.insist_on_members(tmp_path / NAME)


def test_a_member_that_was_damaged_is_refused(tmp_path: Path, offered: Callable[[Path], Job]) -> None:
    found = wheel(tmp_path, ("good/large.py", b"".join(bytes([each % 251]) for each in range(5000))))
    content = bytearray(found.read_bytes())
    content[content.index(b"good/large.py") + 100] ^= 0xFF
    found.write_bytes(content)
    with pytest.raises(BuildError, match="cannot be unpacked: "):
        dependencies.layer(offered(found))


@pytest.mark.parametrize("kept", [{"WHEEL": b"Wheel-Version: 9.0\n"}, {"WHEEL": b""}])
def test_a_wheel_of_another_kind_is_refused(
    tmp_path: Path, offered: Callable[[Path], Job], kept: dict[str, bytes]
) -> None:
    with pytest.raises(BuildError, match=r"cannot be unpacked: .*Wheel-Version"):
        dependencies.layer(offered(wheel(tmp_path, **kept)))


@pytest.mark.parametrize("name", [".wh.main.py", "sub/.wh..wh..opq", ".wh.sub/x.py"])
@pytest.mark.parametrize(("folder", "make"), [("service/app", code.layers), ("model", model.layer)])
def test_a_name_that_would_remove_what_lies_below_is_refused_in_code_and_model(
    tmp_path: Path, folder: str, make: Callable[[Job], Any], name: str
) -> None:
    made = job(tmp_path, {"service/app/__init__.py": b"", "model/weights": b"", f"{folder}/{name}": b""})
    with pytest.raises(RelctlError) as raised:
        make(made)
    assert raised.value.message.startswith(f"{folder}/{name}: no file of an image")
    assert raised.value.exit_code == 2


def test_no_layer_at_all_takes_such_a_name() -> None:
    with pytest.raises(BuildError, match=r"^/etc/\.wh\.passwd: "):
        complete([text("etc/.wh.passwd", "")])
    assert [each.path for each in complete([text("etc/x.wh.y", "")])] == ["etc", "etc/x.wh.y"]
