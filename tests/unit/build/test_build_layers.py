"""The layers that come from the commit: the model with its checksum, the code with its release.json."""

import hashlib
import json
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from relctl.build import code, model
from relctl.build.job import Job
from relctl.build.model import checksum
from relctl.build.tarball import Layer
from relctl.errors import BuildError
from unit.build.build_job import VERSIONS, again, git, job

FILES = {
    "model/weights.bin": b"\0\1" * 5000,
    "model/sub/vocabulary.txt": "你好\n".encode(),
    "model/empty": b"",
    "service/app/__init__.py": b'"""App."""\n',
    "service/app/page/index.html": b"<p>\r\n",
}
SUMS = {
    name.removeprefix("model/"): hashlib.sha256(content).hexdigest()
    for name, content in FILES.items()
    if name.startswith("model/")
}


def promised(sha256: str) -> dict[str, object]:
    return {**VERSIONS["model"], "sha256": sha256}


def contents(layer: Layer) -> dict[str, bytes]:
    assert layer.tar is not None
    with tarfile.open(layer.tar) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}  # type: ignore[union-attr]


def test_the_checksum_is_the_one_that_coreutils_give(tmp_path: Path) -> None:
    found = job(tmp_path, FILES)
    command = "find . -type f -printf '%P\\0' | sort -z | xargs -0 sha256sum | sha256sum"
    printed = subprocess.run(
        ["sh", "-c", command],
        cwd=found.source.git.folder / "model",
        env={**os.environ, "LC_ALL": "C"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert printed.stdout.split()[0] == checksum(SUMS)


def test_the_model_of_the_right_checksum_is_packed(tmp_path: Path) -> None:
    layer = model.layer(job(tmp_path, FILES, model=promised(checksum(SUMS))))
    assert contents(layer) == {
        "app/model/weights.bin": FILES["model/weights.bin"],
        "app/model/sub/vocabulary.txt": FILES["model/sub/vocabulary.txt"],
        "app/model/empty": b"",
    }


def test_a_model_of_another_checksum_is_refused_with_both_and_leaves_nothing(tmp_path: Path) -> None:
    found = job(tmp_path, FILES)
    with pytest.raises(BuildError) as caught:
        model.layer(found)
    assert f"model.sha256: {'0' * 64}" in caught.value.message
    assert f"found:        {checksum(SUMS)}" in caught.value.message
    assert caught.value.message.startswith("model of commit ")
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_a_lfs_pointer_is_not_a_model(tmp_path: Path) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 12345\n"
    with pytest.raises(BuildError, match=r"model/weights\.bin: the commit holds a Git LFS pointer"):
        model.layer(job(tmp_path, FILES | {"model/weights.bin": pointer}))


def test_a_link_in_a_model_is_refused(tmp_path: Path) -> None:
    job(tmp_path, FILES)
    (tmp_path / "project" / "model" / "link").symlink_to("weights.bin")
    with pytest.raises(BuildError, match="model/link: a symbolic link"):
        model.layer(again(tmp_path))


def test_the_models_layer_is_the_same_for_every_commit_that_leaves_it_alone(tmp_path: Path) -> None:
    right = promised(checksum(SUMS))
    first = model.layer(job(tmp_path, FILES, model=right))
    (tmp_path / "project" / "service" / "app" / "__init__.py").write_text("changed")
    changed = again(tmp_path, model=right)
    second = model.layer(changed)
    assert first.digest == second.digest


def last(of: Job) -> Layer:
    """The layer that holds release.json."""
    return code.layers(of)[-1]


def test_the_code_lies_below_its_last_name_byte_for_byte(tmp_path: Path) -> None:
    found = contents(last(job(tmp_path, FILES)))
    assert found["app/code/app/__init__.py"] == FILES["service/app/__init__.py"]
    assert found["app/code/app/page/index.html"] == b"<p>\r\n"


def test_git_attributes_and_line_ending_settings_do_not_change_what_is_built(tmp_path: Path) -> None:
    found = job(tmp_path, FILES | {".gitattributes": b"* -text\n*.py export-ignore\n"})
    git(tmp_path / "project", "config", "core.autocrlf", "true")
    assert contents(last(found))["app/code/app/__init__.py"] == b'"""App."""\n'


def test_modes_links_and_the_time_of_code_are_the_commits(tmp_path: Path) -> None:
    job(tmp_path, FILES)
    folder = tmp_path / "project" / "service" / "app"
    (folder / "run").write_text("#!/bin/true\n")
    (folder / "run").chmod(0o777)
    (folder / "__init__.py").chmod(0o600)
    (folder / "link").symlink_to("run")
    found = again(tmp_path)
    layer = last(found)
    assert layer.tar is not None
    with tarfile.open(layer.tar) as tar:
        members = {member.name: member for member in tar}
    assert members["app/code/app/run"].mode == 0o755
    assert members["app/code/app/__init__.py"].mode == 0o644
    assert members["app/code/app/link"].linkname == "run"
    assert {member.mtime for member in members.values()} == {found.source.created}


def test_release_json_says_what_the_service_answers_at_version(tmp_path: Path) -> None:
    found = job(tmp_path, FILES)
    release = json.loads(contents(last(found))["app/release.json"])
    revision = found.source.revision
    assert release.pop("created").endswith("Z")
    assert release == {
        "service": "x",
        "tag": f"v1.2.0-{revision[:7]}",
        "version": "1.2.0",
        "revision": revision,
        "image": {"name": "x", "platform": "linux/amd64", "base": "bootstrap:bookworm"},
        "model": {"name": "tiny", "revision": "1", "sha256": "0" * 64, "license": "MIT"},
    }


def test_a_path_inside_another_is_a_layer_of_its_own_that_other_changes_leave_alone(tmp_path: Path) -> None:
    paths = ["service/app/page", "service/app"]
    page, rest = code.layers(job(tmp_path, FILES, code=paths))
    assert page.name == "code-app-page"
    assert list(contents(page)) == ["app/code/app/page/index.html"]
    assert set(contents(rest)) == {"app/code/app/__init__.py", "app/release.json"}
    (tmp_path / "project" / "service" / "app" / "__init__.py").write_text("changed")
    same, other = code.layers(again(tmp_path, code=paths))
    assert same.digest == page.digest
    assert other.digest != rest.digest


def test_the_order_of_the_paths_is_the_order_of_the_layers(tmp_path: Path) -> None:
    *_, top = code.layers(job(tmp_path, FILES, code=["service/app", "service/app/page"]))
    assert set(contents(top)) == {"app/code/app/page/index.html", "app/release.json"}
