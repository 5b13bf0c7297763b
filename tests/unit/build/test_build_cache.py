"""The cache: whole files or none, whoever is interrupted and whoever else builds."""

import errno
import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from relctl.build.cache import Cache, key
from relctl.build.tarball import Digesting


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def writes(content: bytes, **facts: str) -> Callable[[Digesting], Mapping[str, str]]:
    def write(out: Digesting) -> Mapping[str, str]:
        out.write(content)
        return facts

    return write


def never(out: Digesting) -> Mapping[str, str]:
    raise AssertionError("it is in the cache")


def append(made: list[object], work: Callable[[], object]) -> None:
    made.append(work())


def files(cache: Cache) -> list[Path]:
    return [path for path in cache.folder.rglob("*") if path.is_file()]


def test_a_layer_is_made_once_and_found_with_its_facts(cache: Cache) -> None:
    made = cache.layer("base", "k", writes(b"tar", packages="sha256:1"))
    assert cache.layer("base", "k", never) == made
    assert made.facts == {"packages": "sha256:1"}
    assert made.tar is not None
    assert made.tar.read_bytes() == b"tar"


def test_a_layer_whose_tar_is_gone_or_cut_short_is_made_again(cache: Cache) -> None:
    made = cache.layer("base", "k", writes(b"tar"))
    assert made.tar is not None
    made.tar.write_bytes(b"t")
    assert cache.layer("base", "k", writes(b"tar")) == made
    made.tar.unlink()
    assert cache.layer("base", "k", writes(b"tar")) == made
    assert made.tar.read_bytes() == b"tar"


@pytest.mark.parametrize("note", ["", "{", "[]", "{}", '{"digest": 1, "size": 1, "facts": {}}'])
def test_a_note_that_cannot_be_read_is_as_good_as_none(cache: Cache, note: str) -> None:
    cache.layer("base", "k", writes(b"tar"))
    (cache.folder / "layers" / "base" / "k.json").write_text(note)
    assert cache.find("base", "k") is None


def test_what_is_interrupted_leaves_nothing(cache: Cache) -> None:
    def interrupted(out: Digesting) -> Mapping[str, str]:
        out.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.layer("base", "k", interrupted)

    def interrupted_fill(folder: Path) -> None:
        (folder / "half.whl").write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.wheels("k", interrupted_fill)
    assert files(cache) == []


def test_two_builds_at_once_make_the_same_layer_and_fill_the_same_wheels(cache: Cache) -> None:
    barrier = threading.Barrier(2)

    def slow(out: Digesting) -> Mapping[str, str]:
        barrier.wait()
        out.write(b"tar")
        return {}

    def fill(folder: Path) -> None:
        barrier.wait()
        (folder / "a.whl").write_bytes(b"wheel")

    made: list[object] = []
    both: list[Callable[[], object]] = [
        lambda: cache.layer("base", "k", slow),
        lambda: cache.wheels("k", fill),
    ]
    for work in both:
        threads = [threading.Thread(target=append, args=(made, work)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert made[0] == made[1]
    assert made[2] == made[3]
    assert (cache.folder / "wheels" / "k" / "a.whl").read_bytes() == b"wheel"
    assert list((cache.folder / "tmp").iterdir()) == []


def test_wheels_that_cannot_be_put_in_place_are_an_error_and_not_an_empty_folder(cache: Cache) -> None:
    (cache.folder / "wheels").mkdir(parents=True)
    (cache.folder / "wheels" / "k").touch()
    with pytest.raises(NotADirectoryError):
        cache.wheels("k", lambda folder: (folder / "a.whl").touch())


def test_wheels_that_may_not_be_put_in_place_are_an_error(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_paths: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(PermissionError):
        cache.wheels("k", lambda folder: (folder / "a.whl").touch())
    assert not (cache.folder / "wheels" / "k").exists()


def test_nothing_is_swept_while_another_build_may_have_found_it(cache: Cache) -> None:
    folder = cache.wheels("k", lambda folder: (folder / "a.whl").touch())
    os.utime(folder, (0, 0))
    with cache.in_use(), Cache(cache.folder).in_use():
        cache.sweep()
        assert (folder / "a.whl").exists()
    cache.sweep()
    assert not folder.exists()


def test_what_was_not_used_for_a_month_is_swept_and_what_was_used_is_not(cache: Cache) -> None:
    cache.layer("base", "old", writes(b"old"))
    cache.layer("base", "used", writes(b"used"))
    cache.wheels("old", Path.touch)
    (cache.folder / "tmp" / "killed").mkdir()
    month_ago = time.time() - 31 * 24 * 3600
    for path in [*cache.folder.rglob("*")]:
        os.utime(path, (month_ago, month_ago))
    cache.find("base", "used")
    cache.sweep()
    assert cache.find("base", "old") is None
    assert cache.find("base", "used") is not None
    assert {path.name for path in files(cache) if "used" not in path.read_text()} == {"used.json", "lock"}
    assert not list((cache.folder / "wheels").iterdir())
    assert not list((cache.folder / "tmp").iterdir())


def test_a_key_depends_on_everything_it_is_made_of() -> None:
    assert len({key("a", "b"), key("ab"), key("b", "a"), key("a", ["b"]), key("a", {"b": 1})}) == 5
