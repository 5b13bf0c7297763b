"""Building for an engine of either image store: what is reused, what is proved, what the other store made.

The engines are in memory; tests/contract/test_archives.py holds them and Docker's to the same word.
"""

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from integration.locked_project import build_with, use_cache
from memory_engine import MemoryEngine
from relctl.engine.protocol import Image
from relctl.errors import UsageError
from scratch import Scratch

BOTH = pytest.mark.parametrize("manifests", [False, True], ids=["classic", "containerd"])


class Forgetful(MemoryEngine):
    """Remembers an image that is gone; `killed`: whoever has it prove an image is killed."""

    def __init__(self, manifests: bool) -> None:
        super().__init__(manifests)
        self.gone: list[Image] = []
        self.killed = False

    def images(self, label: str) -> list[Image]:
        return [*super().images(label), *self.gone]

    def prove(self, image_id: str) -> None:
        if self.killed:
            raise KeyboardInterrupt
        super().prove(image_id)

    def lose(self, built: Any) -> None:
        """Lose an image, and go on as if it were there."""
        image = self.image(built.reference)
        assert image is not None
        self.forget(built.reference)
        self.gone.append(image)


def given(built: Any) -> list[str]:
    return [layer.name for layer in built.layers if not layer.reused]


def change(project: Scratch, version: str) -> None:
    (project.root / "service/echo/new.py").write_text(f'"""New in {version}."""\n')
    project.commit(version)


@pytest.mark.slow
@BOTH
def test_a_change_of_the_code_is_all_that_is_given_to_either_store(project: Scratch, manifests: bool) -> None:
    engine = MemoryEngine(manifests)
    first = build_with(project, engine)
    change(project, "1.0.1")
    second = build_with(project, engine)
    assert given(first) == ["base", "dependencies", "model", "code"]
    assert given(second) == ["code"]
    assert build_with(project, engine).existed


def test_the_two_stores_give_one_commit_two_ids(project: Scratch) -> None:
    ids = {build_with(project, MemoryEngine(manifests)).image_id for manifests in (False, True, False, True)}
    assert len(ids) == 2


@BOTH
def test_layers_that_are_gone_are_given_and_not_called_reused(project: Scratch, manifests: bool) -> None:
    engine = Forgetful(manifests)
    engine.lose(build_with(project, engine))
    change(project, "1.0.1")
    assert given(build_with(project, engine)) == ["base", "dependencies", "model", "code"]


def test_what_a_killed_load_left_is_not_taken_for_a_whole_image(project: Scratch) -> None:
    engine = Forgetful(manifests=True)
    engine.lose(build_with(project, engine))
    change(project, "1.0.1")
    engine.killed = True
    with pytest.raises(KeyboardInterrupt):
        build_with(project, engine)
    engine.killed = False
    built = build_with(project, engine)
    assert not built.existed
    assert given(built) == ["base", "dependencies", "model", "code"]
    engine.prove(built.image_id)


@pytest.fixture
def own_cache(project: Scratch, tmp_path: Path) -> Scratch:
    """The project with a cache that is no other test's.

    What other workers of this run are writing into the one of all is hidden until it is whole: it may be gone
    before it is copied.
    """
    unfinished = shutil.ignore_patterns("tmp", ".*")
    shutil.copytree((project.state / "cache").resolve(), tmp_path / "cache", ignore=unfinished)
    use_cache(project, tmp_path / "cache")
    return project


def planted(project: Scratch, layer: str) -> None:
    """Plant other bytes, as many, in the cached tar of a layer that the engine lacks; build again."""
    engine, said = Forgetful(manifests=False), list[str]()
    before = build_with(project, engine)
    engine.forget(before.reference)
    (digest,) = [each.digest for each in before.layers if each.name == layer]
    tar = project.state / "cache" / "tars" / f"{digest.removeprefix('sha256:')}.tar"
    tar.write_bytes(b"planted".ljust(tar.stat().st_size, b"\0"))
    again = build_with(project, engine, said.append)
    assert f"the {layer} layer in the cache is damaged, and made again: {tar}" in said
    assert again.image_id == before.image_id
    assert hashlib.sha256(tar.read_bytes()).hexdigest() == tar.stem


def test_a_layer_that_was_planted_in_the_cache_is_named_and_made_again(project: Scratch) -> None:
    planted(project, "code")  # which is this commit's alone


@pytest.mark.slow
@pytest.mark.parametrize("layer", ["base", "dependencies", "model"])
def test_each_layer_that_was_planted_is_made_again(own_cache: Scratch, layer: str) -> None:
    planted(own_cache, layer)


def test_the_same_image_under_an_id_of_another_store_is_told_from_another_image(project: Scratch) -> None:
    engine = MemoryEngine(manifests=True)
    built = build_with(project, engine)
    image = engine.image(built.reference)
    assert image is not None
    engine.forget(built.reference)
    engine.add(replace(image, id="sha256:carried"))
    with pytest.raises(
        UsageError, match="has this build's layers and labels, but the id sha256:carried"
    ) as told:
        build_with(project, engine)
    assert f"would give {built.image_id}: it came by `docker load`" in told.value.message
    assert f"docker image rm {built.reference}, then relctl build" in told.value.hint
    assert f"nothing ties this one to it: relctl promote {built.tag} --force" in told.value.hint
    engine.add(replace(image, id="sha256:other", layers=("sha256:other",)))
    with pytest.raises(UsageError, match="a tag never moves"):
        build_with(project, engine)
