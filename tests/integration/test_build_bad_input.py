"""What cannot be built: one error each, which says what, where, and what to type next; exit code 2."""

import shutil
from collections.abc import Callable
from typing import Any

import pytest

from integration.locked_project import BASE_LOCK, locked
from scratch import Scratch

pytestmark = pytest.mark.engine

LOCK = "service/requirements.lock"


def rewrite(project: Scratch, name: str, content: str) -> None:
    path = project.root / name
    path.write_text(content)
    project.git("commit", "-qam", "bad")


def wrong_checksum(project: Scratch) -> None:
    rewrite(project, "model/behaviour.json", '{"ready": false}')


def lock_without_hashes(project: Scratch) -> None:
    rewrite(project, LOCK, "# one line\nuvicorn==0.54.0\n")


def no_wheel_for_the_platform(project: Scratch) -> None:
    rewrite(project, LOCK, locked("uvicorn").replace("==", "==99999."))


def altered_wheel(project: Scratch) -> None:
    rewrite(project, LOCK, f"{locked('uvicorn').splitlines()[0]}\n    --hash=sha256:{'0' * 64}\n")


def stale_base_lock(project: Scratch) -> None:
    lock = (project.root / BASE_LOCK).read_text()
    rewrite(project, BASE_LOCK, lock.replace(" tzdata 2", " tzdata 1"))


def base_lock_of_another_suite(project: Scratch) -> None:
    lock = (project.root / BASE_LOCK).read_text()
    rewrite(project, BASE_LOCK, lock.replace("bookworm ", "bullseye "))


def missing_code_path(project: Scratch) -> None:
    project.edit("versions.yaml", "service/echo", "service/ehco")
    project.git("commit", "-qam", "bad")


def missing_model_path(project: Scratch) -> None:
    project.git("rm", "-rq", "--cached", "model")
    (project.root / ".gitignore").write_text("/model/\n")
    project.git("add", ".gitignore")
    project.git("commit", "-qm", "bad")


def lfs_pointer(project: Scratch) -> None:
    rewrite(project, "model/behaviour.json", "version https://git-lfs.github.com/spec/v1\nsize 1\n")


def base_image_that_is_not_there(project: Scratch) -> None:
    project.edit("versions.yaml", "base: .*", f'base: {{image: "nowhere@sha256:{"0" * 64}"}}')
    project.git("commit", "-qam", "bad")


def dirty_tree(project: Scratch) -> None:
    (project.root / "service/echo/new.py").touch()


def no_repository(project: Scratch) -> None:
    shutil.rmtree(project.root / ".git")


def no_commit(project: Scratch) -> None:
    no_repository(project)
    project.git("init", "-q")


@pytest.mark.parametrize(
    ("spoil", "what", "then"),
    [
        (wrong_checksum, "is not the model that versions.yaml promises", "model.sha256: "),
        (lock_without_hashes, f"{LOCK}:2: uvicorn==0.54.0 has no hash", "relctl lock"),
        (no_wheel_for_the_platform, "has a wheel of uvicorn==99999.", "relctl lock"),
        (altered_wheel, f"{LOCK}: the wheel of uvicorn==", "relctl lock"),
        (stale_base_lock, "base.lock is stale: bookworm/amd64 does not offer tzdata 1", "relctl lock --base"),
        (base_lock_of_another_suite, f"{BASE_LOCK} is stale: for bookworm", "relctl lock --base"),
        (missing_code_path, "names service/ehco, which commit", "git add service/ehco"),
        (missing_model_path, "names model, which commit", "git add model"),
        (lfs_pointer, "model/behaviour.json: the commit holds a Git LFS pointer", "git lfs untrack"),
        (base_image_that_is_not_there, "is not in the engine", "docker pull nowhere@sha256:0"),
        (dirty_tree, "?? service/echo/new.py", "git commit"),
        (no_repository, "not in a git repository", "git init"),
        (no_commit, "has no commit yet", "git commit"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_what_cannot_be_built_is_refused_with_a_way_out(
    project: Scratch, spoil: Callable[[Scratch], None], what: str, then: str
) -> None:
    spoil(project)
    said = project.refused(2, "build", "--platform", "linux/amd64")
    assert what in said
    assert then in said.partition("\n  next: ")[2]


def test_a_tag_never_moves(project: Scratch, client: Any) -> None:
    first = project.json("build")
    project.commit("1.0.1")
    second = project.json("build")
    client.images.get(first["reference"]).tag(*second["reference"].split(":"))
    said = project.refused(2, "build")
    assert f"{second['reference']} is an image already, {first['image_id']}" in said
    assert "a tag never moves" in said
    client.images.remove(second["image_id"])  # it has no name any more by which it would be cleaned up


def test_an_unknown_platform_is_refused_with_the_known_ones(project: Scratch) -> None:
    assert "linux/amd64 or linux/arm64" in project.refused(2, "build", "--platform", "linux/vax")
