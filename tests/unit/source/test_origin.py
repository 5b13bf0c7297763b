"""What an image must have besides labels: a record of its build, and a commit that the repository knows."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hosts import Bench
from known_commit import COMMIT
from relctl.build.image import write_down
from relctl.engine.protocol import Image
from relctl.errors import BuildError, NotProvedError
from relctl.source.git import Git
from relctl.source.origin import BuildRecords, insist_on_origin
from relctl.state.event import Event
from relctl.state.ledger import Ledger
from relctl.tag import Tag

TAG = Tag("1.0.0", COMMIT[:7])
NOWHERE = "abc12de" + "9" * 33  # begins as the commit that there is


@pytest.fixture
def stand(tmp_path: Path) -> Bench:
    made = Bench(tmp_path)
    made.image("1.0.0")
    return made


def image(stand: Bench, **labels: str) -> Image:
    found = stand.engine.image("sha256:1.0.0")
    assert found is not None
    return replace(found, labels={**found.labels, **labels})


def insist(stand: Bench, of: Image, tag: Tag = TAG) -> None:
    insist_on_origin(stand.host.project, stand.host.paths, of, tag)


def refused(stand: Bench, of: Image, tag: Tag = TAG) -> str:
    with pytest.raises(NotProvedError) as raised:
        insist(stand, of, tag)
    assert "relctl" in raised.value.hint or "git" in raised.value.hint
    return raised.value.message


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def record(stand: Bench) -> Path:
    return BuildRecords(stand.host.paths.built).path("sha256:1.0.0")


def test_what_was_built_here_of_a_commit_that_is_known_is_taken(stand: Bench) -> None:
    insist(stand, image(stand))


def test_an_image_with_the_same_labels_and_another_id_was_not_built_here(stand: Bench) -> None:
    said = refused(stand, replace(image(stand), id="sha256:committed"))
    assert said == f"{TAG} was not built here: there is no build record of sha256:committed"


def test_a_record_names_the_tag_that_was_built_and_no_other(stand: Bench) -> None:
    other = Tag("9.0.0", COMMIT[:7])
    assert f"was built as {TAG}, and not as {other}" in refused(stand, image(stand), other)


@pytest.mark.parametrize("revision", ["", NOWHERE, "--help", COMMIT.upper()])
def test_labels_that_say_another_commit_than_the_record_are_refused(stand: Bench, revision: str) -> None:
    labelled = image(stand, **{"org.opencontainers.image.revision": revision})
    assert "its labels say" in refused(stand, labelled)


def test_a_commit_that_the_repository_lacks_is_refused(stand: Bench) -> None:
    write_down(stand.host.paths, "sha256:1.0.0", TAG, NOWHERE)
    labelled = image(stand, **{"org.opencontainers.image.revision": NOWHERE})
    assert f"was built of {NOWHERE[:12]}, a commit that" in refused(stand, labelled)


def test_outside_a_repository_no_commit_is_known(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="not a git repository"):
        Git(tmp_path).knows(COMMIT)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda path: path.write_text("{"), "not a build record: Invalid JSON"),
        (lambda path: path.write_text("{}"), "not a build record: Field required"),
        (lambda path: path.write_text(path.read_text().replace(COMMIT, "HEAD")), "String should match"),
        (lambda path: path.write_text(path.read_text().replace("sha256:1", "sha256:2")), "another image"),
        (lambda path: (path.unlink(), path.mkdir()), "Is a directory"),
        (pipe, "it is not a file"),
        (lambda path: path.symlink_to(path.rename(path.with_suffix(".elsewhere"))), "it is a symbolic link"),
    ],
    ids=["cut short", "empty", "a name for a commit", "of another image", "a folder", "a pipe", "a link"],
)
def test_a_record_that_is_none_is_named(stand: Bench, spoil: Callable[[Path], Any], why: str) -> None:
    spoil(record(stand))
    said = refused(stand, image(stand))
    assert said.startswith(f"{record(stand)}: not a build record")
    assert why in said


def test_what_an_older_relctl_wrote_into_a_ledger_of_the_state_directory_is_a_record(stand: Bench) -> None:
    record(stand).unlink()
    built = Event("built", tag=str(TAG), image_id="sha256:1.0.0", details={"revision": COMMIT})
    stand.host.ledger.append(replace(built, image_id="sha256:other"))
    stand.host.ledger.append(replace(built, details={}))
    assert "was not built here" in refused(stand, image(stand))
    beside = Ledger(replace(stand.host.paths, environment="production").ledger)
    beside.append(built)
    beside.path.write_text("{\n" + beside.path.read_text())  # a line that was spoilt
    insist(stand, image(stand))
