"""What engines of both image stores make of archives: the ids, the layers that were left out, the name."""

import io
import json
import secrets
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest

from memory_engine import MemoryEngine
from relctl.build.assembly import Assembly, digest, encoded, write_archive
from relctl.build.tarball import Layer
from relctl.config.environment import Environment
from relctl.engine.docker import DockerEngine, connect
from relctl.engine.protocol import Engine, Image
from relctl.errors import EngineError

pytestmark = pytest.mark.engine

ENGINES: dict[str, Callable[[], Engine]] = {
    "memory": MemoryEngine,
    "memory like containerd": lambda: MemoryEngine(manifests=True),
    "sdk": DockerEngine,
    "socket": lambda: connect(Environment()),
}


@dataclass
class Stand:
    """An engine, a folder for archives, and a word that is in every name."""

    engine: Engine
    folder: Path
    word: str

    def layer(self) -> Layer:
        """A layer that no image has."""
        path = self.folder / secrets.token_hex(8)
        content = path.name.encode()
        with tarfile.open(path, "w") as tar:
            header = tarfile.TarInfo(path.name)
            header.size = len(content)
            tar.addfile(header, io.BytesIO(content))
        return Layer("code", digest(path.read_bytes()), path.stat().st_size, path)

    def image(self, name: str, *layers: Layer) -> Assembly:
        config = {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Cmd": ["/none"], "Labels": {"suite": self.word, "name": name}},
            "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in layers]},
            "history": [{"created_by": layer.name} for layer in layers],
        }
        return Assembly(f"relctl-suite-{self.word}:{name}", encoded(config), layers)

    def load(self, image: Assembly, *layers: Layer) -> Image:
        """Load an image from an archive that holds these layers; returns it when a container can be made."""
        write_archive(self.folder / "image.tar", image, layers)
        self.engine.load(self.folder / "image.tar")
        loaded = self.engine.image(image.reference)
        assert loaded is not None
        self.engine.prove(loaded.id)
        return loaded


@pytest.fixture(params=ENGINES)
def stand(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stand]:
    made = Stand(ENGINES[request.param](), tmp_path, secrets.token_hex(4))
    yield made
    for image in made.engine.images(f"suite={made.word}"):
        for name in image.tags:
            made.engine.remove_image(name)


def test_an_image_has_the_id_that_its_store_gives(stand: Stand) -> None:
    image = stand.image("one", stand.layer(), stand.layer())
    config, manifest = image.ids
    loaded = stand.load(image, *image.layers)
    assert loaded.id == (manifest if stand.engine.ids_are_manifests() else config)
    assert loaded.layers == tuple(layer.digest for layer in image.layers)


def test_layers_that_another_image_has_may_be_left_out(stand: Stand) -> None:
    base, code, other = (stand.layer() for _ in range(3))
    one, two = stand.image("one", base, code), stand.image("two", base, other)
    stand.load(one, base, code)
    loaded = stand.load(two, other)
    assert loaded.id in two.ids
    stand.engine.remove_image(one.reference)
    stand.engine.prove(loaded.id)


def test_an_image_that_lacks_a_layer_is_found_out_and_a_whole_archive_heals_it(stand: Stand) -> None:
    image = stand.image("one", stand.layer(), stand.layer())
    with pytest.raises(EngineError):
        stand.load(image, image.layers[1])
    assert stand.load(image, *image.layers).id in image.ids


def test_a_proof_leaves_no_container(stand: Stand) -> None:
    image = stand.image("one", stand.layer())
    stand.load(image, *image.layers)
    assert stand.engine.containers({"suite": stand.word}) == []
    stand.engine.remove_image(image.reference)
    assert stand.engine.image(image.reference) is None


def test_what_is_not_there_is_not_proved(stand: Stand) -> None:
    with pytest.raises(EngineError):
        stand.engine.prove(f"sha256:{'0' * 64}")


@pytest.fixture
def client() -> Iterator[Any]:
    found = docker.from_env()
    yield found
    found.close()


def test_what_an_engine_saves_has_both_ids_of_the_image(client: Any, tmp_path: Path) -> None:
    """So it can be carried from one store to the other, and is there what a build there makes."""
    stand = Stand(DockerEngine(), tmp_path, secrets.token_hex(4))
    image = stand.image("one", stand.layer(), stand.layer())
    stand.load(image, *image.layers)
    try:
        saved = io.BytesIO(b"".join(client.images.get(image.reference).save(named=image.reference)))
    finally:
        stand.engine.remove_image(image.reference)
    with tarfile.open(fileobj=saved) as tar:
        config = tar.extractfile(json.load(tar.extractfile("manifest.json"))[0]["Config"])  # type: ignore[arg-type]
        assert config is not None
        assert digest(config.read()) == image.ids[0]
        if "index.json" not in tar.getnames():
            pytest.skip("Docker before 25 saves no manifest: in containerd's store the image gets another id")
        (manifest,) = json.load(tar.extractfile("index.json"))["manifests"]  # type: ignore[arg-type]
    assert manifest["digest"] == image.ids[1]
