"""How old and how large: each leeway of a build, to the last unit, and the order of its end."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

import quiet_host
from happenings import recorded
from hosts import COMMIT, Bench
from relctl.build import image as building
from relctl.build.assembly import Assembly, Loaded
from relctl.build.cache import Cache
from relctl.build.checkout import Blob
from relctl.build.image import Options
from relctl.build.job import find_target
from relctl.engine.protocol import Image
from relctl.errors import BuildError
from relctl.source.origin import BuildRecords
from unit.build.build_job import job

DAY = 24 * 3600


@pytest.mark.parametrize(
    ("name", "days"), [("layers/base/k.json", 30), ("tars/k.tar", 30), ("wheels/k", 30), ("tmp/k", 1)]
)
@pytest.mark.parametrize(
    ("minutes", "kept"), [(-1, True), (1, False)], ids=("a minute less", "a minute more")
)
def test_what_nobody_used_is_kept_for_so_many_days(
    tmp_path: Path, name: str, days: int, minutes: int, kept: bool
) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.touch()
    then = time.time() - days * DAY - 60 * minutes
    os.utime(path, (then, then))
    Cache(tmp_path).sweep()
    assert path.exists() is kept


@pytest.mark.parametrize(("size", "taken"), [(1024, False), (1025, True)])
def test_a_pointer_of_git_lfs_has_a_kibibyte_at_most(tmp_path: Path, size: int, taken: bool) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\n".ljust(size, b"x")
    source = job(tmp_path, {"large": pointer}).source
    [blob] = source.files("large")
    assert blob == Blob("large", blob.id, size, executable=False, link=False)
    with source.contents() as contents:
        if taken:
            with contents.open(blob) as stream:
                assert stream.read(size) == pointer
        else:
            with pytest.raises(BuildError, match="holds a Git LFS pointer"):
                contents.open(blob)


def test_wheels_are_taken_that_the_base_s_libc_can_run() -> None:
    tags = find_target("linux/arm64").wheel_tags
    assert (tags[0], tags[-2]) == ("manylinux_2_36_aarch64", "manylinux_2_17_aarch64")
    assert tags[-1] == "manylinux2014_aarch64"
    assert len(tags) == 21


@pytest.fixture
def stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A host whose build finds an image that is made already, and has only to load it."""
    monkeypatch.setattr("hosts.MemoryEngine", quiet_host.ToldEngine)
    (tmp_path / "host").mkdir()
    made = Bench(tmp_path / "host")
    config = b'{"architecture": "amd64", "os": "linux"}'
    assembled = Assembly(f"svc:v1.0.0-{COMMIT[:7]}", config, ())

    def load(*_: Any) -> Loaded:
        loaded = Image(assembled.ids[0], (assembled.reference,), {}, (), "", 1)
        made.engine.add(loaded)
        return Loaded(loaded, ())

    source = SimpleNamespace(revision=COMMIT, dirty="", created=0)
    monkeypatch.setattr(building, "open_checkout", lambda *_: source)
    monkeypatch.setattr(building, "_assemble", lambda *_: assembled)
    monkeypatch.setattr(building, "load", load)
    yield made
    made.engine.close()


def built(stand: Bench, record: Path) -> list[str]:
    with recorded(record) as happened:
        building.build(stand.host.project, cast("Any", stand.engine), Options(), stand.said.append)
    return happened.happened()


def test_a_build_is_held_last_so_that_one_which_was_not_written_down_is_written_by_the_next(
    stand: Bench, tmp_path: Path
) -> None:
    stated, *others = built(stand, tmp_path / "record")
    assert others == ["write built", "name hold"]
    assert built(stand, tmp_path / "record") == []
    image = stand.engine.image(f"svc:v1.0.0-{COMMIT[:7]}")
    assert image is not None
    stand.engine.remove_image(next(tag for tag in image.tags if tag.startswith("relctl-hold/")))
    assert built(stand, tmp_path / "record") == ["write built", "name hold"]
    assert stand.events() == ["built", "built"]
    record = BuildRecords(stand.host.paths.built).path(image.id)
    assert stated == f"file {record.name}"
    for lost in (record.unlink, lambda: record.write_text("{")):
        lost()
        assert built(stand, tmp_path / "record") == [stated]
