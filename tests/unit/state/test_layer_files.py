"""Forgetting cached layers: those that are named, with their notes, and never under a build."""

import fcntl
import json
import os
from pathlib import Path

import pytest

from happenings import recorded
from relctl.errors import HeldFileError
from relctl.state.layer_cache import forget, locked, tar


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    for digest in ("sha256:aa", "sha256:bb"):
        tar(tmp_path, digest).parent.mkdir(exist_ok=True)
        tar(tmp_path, digest).write_bytes(b"layer")
        note = tmp_path / "layers" / "code" / f"key-{digest[-2:]}.json"
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps({"digest": digest, "size": 5, "facts": {}}))
    return tmp_path


def files(cache: Path) -> set[str]:
    return {path.name for path in cache.rglob("*") if path.is_file()} - {"lock"}


def test_a_forgotten_layer_goes_with_its_notes_and_others_stay(cache: Path) -> None:
    forget(cache, {"sha256:aa", "sha256:never-cached"})
    assert files(cache) == {"bb.tar", "key-bb.json"}


def test_a_layer_goes_before_the_note_that_says_where_it_is(cache: Path, tmp_path: Path) -> None:
    """By its note a killed one is found again, and gone on with; a tar without one would stay for a month."""
    with recorded(tmp_path / "record") as record:
        forget(cache, {"sha256:aa"})
    assert record.happened() == ["delete layer", "delete layer-note"]


def test_a_note_that_cannot_be_read_is_left_alone(cache: Path) -> None:
    (cache / "layers" / "code" / "key-aa.json").write_text("{torn")
    forget(cache, {"sha256:aa", "sha256:bb"})
    assert files(cache) == {"key-aa.json"}


def test_nothing_is_forgotten_while_a_build_is_under_way(cache: Path) -> None:
    before = files(cache)
    with locked(cache, fcntl.LOCK_SH):
        forget(cache, {"sha256:aa"})
    assert files(cache) == before


def test_where_nothing_was_built_there_is_nothing_to_forget(tmp_path: Path) -> None:
    forget(tmp_path / "none", {"sha256:aa"})
    assert not (tmp_path / "none").exists()


def test_a_build_does_not_wait_for_ever_for_who_holds_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relctl.state.layer_cache._SWEPT_WITHIN", 0.1)
    with locked(tmp_path, fcntl.LOCK_EX):
        words = f"pid {os.getpid()} .* holds its lock"
        with pytest.raises(HeldFileError, match=words) as raised, locked(tmp_path, fcntl.LOCK_SH):
            pytest.fail("two hold the cache")
        assert f"kill {os.getpid()}" in raised.value.hint
    with locked(tmp_path, fcntl.LOCK_SH), locked(tmp_path, fcntl.LOCK_SH):
        pass
