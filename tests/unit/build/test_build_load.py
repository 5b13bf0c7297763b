"""Loading: what goes into the archive, and what happens when the engine lacks more than it said."""

import hashlib
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from relctl.build.assembly import Assembly, Loaded, load, present
from relctl.build.cache import Cache
from relctl.build.tarball import Layer
from relctl.engine.protocol import Image
from relctl.errors import BuildError, EngineError

DIGESTS = {letter: f"sha256:{hashlib.sha256(letter.encode()).hexdigest()}" for letter in "abcdx"}
A, B, C = (DIGESTS[letter] for letter in "abc")


@dataclass
class Shelf:
    """An engine that has some layers, says that it has others, and remembers what it was given.

    `credulous`: it takes what it cannot make a container of, as containerd's store does.
    """

    loaded: Image
    known: list[Image] = field(default_factory=list)
    has: set[str] = field(default_factory=set)
    credulous: bool = False
    removed: list[str] = field(default_factory=list)
    given: list[set[str]] = field(default_factory=list)

    def image(self, reference: str) -> Image | None:
        return self.loaded if self.given and reference in self.loaded.tags else None

    def images(self, _label: str) -> list[Image]:
        return self.known

    def ids_are_manifests(self) -> bool:
        return self.credulous

    def load(self, archive: Path) -> None:
        with tarfile.open(archive) as tar:
            names = {f"sha256:{Path(name).name}" for name in tar.getnames()}
        self.given.append({digest for digest in self.loaded.layers if digest in names})
        if not (self.credulous or self._whole()):
            raise EngineError("the engine refuses the image archive: a layer is missing")

    def prove(self, _image_id: str) -> None:
        if not self._whole():
            raise EngineError("the engine refuses: failed to extract a layer")

    def remove_image(self, reference: str) -> None:
        self.removed.append(reference)

    def _whole(self) -> bool:
        return set(self.loaded.layers) <= self.given[-1] | self.has


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path)


@pytest.fixture
def image(tmp_path: Path) -> Assembly:
    layers = []
    for letter in "abc":
        (tmp_path / letter).write_text(letter)
        layers.append(Layer(letter, DIGESTS[letter], 1, tmp_path / letter))
    return Assembly("x:v1.0.0-abc1234", b'{"architecture": "amd64", "os": "linux"}', tuple(layers))


def known(image: Assembly, layers: str, identity: str = "") -> Image:
    digests = tuple(DIGESTS[letter] for letter in layers)
    return Image(identity or image.ids[0], (image.reference,), {}, digests, "", 3)


def loading(engine: Shelf, image: Assembly, cache: Cache) -> tuple[Loaded, list[str]]:
    said: list[str] = []
    have = present(engine, image)  # type: ignore[arg-type]
    return load(engine, image, have, cache, said.append), said  # type: ignore[arg-type]


def test_only_the_layers_above_the_longest_known_stack_are_given(image: Assembly, cache: Cache) -> None:
    engine = Shelf(known(image, "abc"), [known(image, "a"), known(image, "abx")], {A, B})
    loaded, said = loading(engine, image, cache)
    assert loaded == Loaded(engine.loaded, image.layers[2:])
    assert engine.given == [{C}]
    assert said == ["loading 1 of 3 layers, 0.0 MB"]


@pytest.mark.parametrize(
    ("credulous", "words"),
    [(False, "refuses the image archive: a layer is missing"), (True, "refuses: failed to extract a layer")],
    ids=["it refuses the archive", "it takes it, and can make no container of it"],
)
def test_an_engine_that_lacks_a_layer_after_all_is_given_all_of_them(
    image: Assembly, cache: Cache, credulous: bool, words: str
) -> None:
    engine = Shelf(known(image, "abc", image.ids[credulous]), [known(image, "ab")], credulous=credulous)
    loaded, said = loading(engine, image, cache)
    assert engine.given == [{C}, {A, B, C}]
    assert loaded.given == image.layers, "and none of them is said to have been there"
    assert said[1].endswith(f"sending all of them: the engine {words}")


@pytest.mark.parametrize("credulous", [False, True])
def test_an_engine_that_refuses_the_whole_image_is_not_asked_twice_and_keeps_no_name(
    image: Assembly, cache: Cache, credulous: bool
) -> None:
    engine = Shelf(known(image, "abcd", image.ids[credulous]), credulous=credulous)
    with pytest.raises(EngineError, match="a layer"):
        loading(engine, image, cache)
    assert len(engine.given) == 1
    assert engine.removed == [image.reference]


def test_another_image_under_the_tag_after_loading_is_an_error(image: Assembly, cache: Cache) -> None:
    engine = Shelf(known(image, "abc", "sha256:other"))
    with pytest.raises(BuildError, match="the engine has sha256:other as x:v1"):
        loading(engine, image, cache)


def test_loading_leaves_no_archive_behind(image: Assembly, cache: Cache) -> None:
    loading(Shelf(known(image, "abc")), image, cache)
    assert list((cache.folder / "tmp").iterdir()) == []


def test_layers_of_a_base_image_are_the_engines_own(image: Assembly, cache: Cache) -> None:
    foreign = Layer("base", A, 0, None)
    image = Assembly(image.reference, image.config, (foreign, *image.layers[1:]))
    engine = Shelf(known(image, "abc"), has={A})
    loading(engine, image, cache)
    assert engine.given == [{B, C}]


def test_a_base_that_cannot_be_used_where_it_is_is_said_to_be_it(image: Assembly, cache: Cache) -> None:
    image = Assembly(image.reference, image.config, (Layer("base", A, 0, None), *image.layers[1:]))
    with pytest.raises(EngineError, match="the layers of the base cannot be used where they are") as raised:
        loading(Shelf(known(image, "abc", image.ids[1]), credulous=True), image, cache)
    assert "bootstrap: bookworm" in raised.value.hint


def test_a_damaged_layer_is_named_and_removed_so_that_the_next_build_makes_it_anew(
    image: Assembly, cache: Cache
) -> None:
    damaged = image.layers[1].tar
    assert damaged is not None
    damaged.write_text("B")
    with pytest.raises(BuildError, match="the b layer in the cache was damaged"):
        loading(Shelf(known(image, "abcd")), image, cache)
    assert not damaged.exists()
