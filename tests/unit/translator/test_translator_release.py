"""release.json says what runs; without one, this is a developer's machine."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from translator.release import UNKNOWN, ReleaseError, read_release

DOCUMENT: dict[str, Any] = {
    "service": "translator",
    "tag": "v1.0.0-abc12de",
    "version": "1.0.0",
    "revision": "abc12de" + "0" * 33,
    "created": "2026-11-20T10:00:00Z",
    "image": {"name": "translator", "platform": "linux/amd64", "base": "bookworm"},
    "model": {
        "name": "zh-en-tiny",
        "revision": "2026.11",
        "sha256": "0" * 64,
        "license": "CC-BY-2.0",
    },
}


def write(path: Path, document: object) -> Path:
    file = path / "release.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


def test_a_release_is_read(tmp_path: Path) -> None:
    release = read_release(write(tmp_path, DOCUMENT))
    assert release.tag == "v1.0.0-abc12de"
    assert release.image.platform == "linux/amd64"
    assert release.model.revision == "2026.11"


def test_without_a_file_the_release_is_unknown(tmp_path: Path) -> None:
    assert read_release(None) == UNKNOWN
    for path in (tmp_path / "release.json", tmp_path, tmp_path / ("a" * 5000)):
        with pytest.raises(ReleaseError, match=r"^RELEASE_FILE cannot be read: "):
            read_release(path)


@pytest.mark.parametrize(
    ("path", "value"),
    [(("tag",), None), (("tag",), "v1\nX-Other: 1"), (("model", "sha256"), 5), (("image",), "x")],
)
def test_a_broken_member_is_named(path: tuple[str, ...], value: object, tmp_path: Path) -> None:
    document = copy.deepcopy(DOCUMENT)
    target = document
    for name in path[:-1]:
        target = target[name]
    target[path[-1]] = value
    with pytest.raises(ReleaseError, match=rf"release\.json: {'.'.join(path)}\S* is missing"):
        read_release(write(tmp_path, document))


@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
def test_what_is_not_a_release_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "release.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ReleaseError, match=r"release\.json: "):
        read_release(file)
