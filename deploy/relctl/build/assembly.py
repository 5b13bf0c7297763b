"""An image outside any engine, and loading it into one with only the layers that it lacks."""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relctl.build.cache import Cache
from relctl.build.tarball import Layer, intact
from relctl.engine.labels import OCI, SERVICE
from relctl.engine.protocol import Engine, Image
from relctl.errors import BuildError, EngineError
from relctl.state.files import naming

_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_INDEX = "application/vnd.oci.image.index.v1+json"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Assembly:
    """An image to load: its name with tag, the config as bytes, and the layers, lowest first."""

    reference: str
    config: bytes
    layers: tuple[Layer, ...]

    @property
    def manifest(self) -> bytes:
        """Return the OCI manifest, byte for byte as Docker writes it on `docker save`.

        An image saved from a classic store thus gets the same id in containerd's store as a build there.
        """
        document = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": {"mediaType": _CONFIG, "digest": digest(self.config), "size": len(self.config)},
            "layers": [
                {"mediaType": _LAYER, "digest": layer.digest, "size": layer.size} for layer in self.layers
            ],
        }
        return json.dumps(document, separators=(",", ":")).encode()  # keep this member order

    @property
    def ids(self) -> tuple[str, str]:
        """Return the possible image ids: the config's digest, or the manifest's with containerd's store."""
        return digest(self.config), digest(self.manifest)


def digest(content: bytes) -> str:
    """Return `sha256:…`."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def encoded(document: dict[str, Any] | list[Any]) -> bytes:
    """Return deterministic JSON: equal content gives equal bytes."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def in_common(ours: Sequence[str], theirs: Sequence[str]) -> int:
    """Count the lowest layers that two images share: an engine identifies a layer by all those below it."""
    count = 0
    for one, other in zip(ours, theirs, strict=False):
        if one != other:
            break
        count += 1
    return count


def write_archive(path: Path, image: Assembly, layers: Collection[Layer]) -> None:
    """Write an archive for `docker load`: Docker's manifest.json, and an OCI layout for containerd's store.

    It contains `layers`; the engine must have the other layers of the image.
    """
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in _documents(image).items():
            header = tarfile.TarInfo(name)
            header.size = len(content)
            tar.addfile(header, io.BytesIO(content))
        for layer in layers:
            if layer.tar is not None:
                tar.add(layer.tar, _blob(layer.digest), recursive=False)


def _documents(image: Assembly) -> dict[str, bytes]:
    config, manifest = image.ids
    return {
        "oci-layout": encoded({"imageLayoutVersion": "1.0.0"}),
        "index.json": _index(image),
        "manifest.json": _manifest_json(image),
        _blob(config): image.config,
        _blob(manifest): image.manifest,
    }


def _index(image: Assembly) -> bytes:
    """Return the root of the OCI layout, with the annotations that containerd and Docker write."""
    platform = {key: json.loads(image.config)[key] for key in ("architecture", "os")}
    manifest = {
        "mediaType": _MANIFEST,
        "digest": digest(image.manifest),
        "size": len(image.manifest),
        "platform": platform,
        "annotations": {
            "io.containerd.image.name": f"docker.io/library/{image.reference}",
            f"{OCI}ref.name": image.reference.rpartition(":")[2],
        },
    }
    return encoded({"schemaVersion": 2, "mediaType": _INDEX, "manifests": [manifest]})


def _manifest_json(image: Assembly) -> bytes:
    layers = [_blob(layer.digest) for layer in image.layers]
    return encoded([{"Config": _blob(image.ids[0]), "RepoTags": [image.reference], "Layers": layers}])


def _blob(of: str) -> str:
    return f"blobs/{of.replace(':', '/')}"


@dataclass(frozen=True)
class Loaded:
    """An image in the engine, and the layers that were sent for it."""

    image: Image
    given: tuple[Layer, ...]


def load(engine: Engine, image: Assembly, have: int, cache: Cache, say: Say) -> Loaded:
    """Load an image whose `have` lowest layers the engine has, and prove that it is complete.

    Those layers can vanish before the load, and not every engine then rejects the archive. If it rejects
    it, or cannot create a container, send all layers.
    """
    lacking = image.layers[have:]
    try:
        return _hand_over(engine, image, lacking, cache, say)
    except EngineError as refusal:
        whole = tuple(layer for layer in image.layers if layer.tar is not None)
        _discard_damaged(whole)
        if len(whole) == len(lacking):
            engine.remove_image(image.reference)  # it may be named in spite of the error
            raise _refused(image, refusal) from refusal
        say(f"the engine lacks a layer after all, sending all of them: {refusal}")
    return _hand_over(engine, image, whole, cache, say)


def expected_id(engine: Engine, image: Assembly) -> str:
    """Return the id that an image gets in this engine, which depends on its image store."""
    config, manifest = image.ids
    return manifest if engine.ids_are_manifests() else config


def present(engine: Engine, image: Assembly) -> int:
    """Count the image's lowest layers that the engine has, in its base or in any relctl image."""
    ours = [layer.digest for layer in image.layers]
    base = sum(layer.tar is None for layer in image.layers)
    return max([base, *(in_common(ours, known.layers) for known in engine.images(SERVICE))])


def _hand_over(engine: Engine, image: Assembly, layers: tuple[Layer, ...], cache: Cache, say: Say) -> Loaded:
    size = sum(layer.size for layer in layers)
    say(f"loading {len(layers)} of {len(image.layers)} layers, {size / 1e6:.1f} MB")
    with cache.scratch() as scratch:
        with naming(scratch / "image.tar"):
            write_archive(scratch / "image.tar", image, layers)
        engine.load(scratch / "image.tar")
    loaded = _verified(engine, image)
    engine.prove(loaded.id)
    return Loaded(loaded, layers)


def _refused(image: Assembly, refusal: EngineError) -> EngineError:
    """Explain a rejection of a complete archive."""
    if all(layer.tar is not None for layer in image.layers):
        return refusal
    return EngineError(
        f"the layers of the base cannot be used where they are: {refusal.message}",
        "use base: {bootstrap: bookworm} in versions.yaml",
    )


def _discard_damaged(layers: Sequence[Layer]) -> None:
    """Check whether the cache caused the rejection: written layers are not read again otherwise."""
    for layer in layers:
        if layer.tar is not None and not intact(layer.tar, layer.digest):
            layer.tar.unlink()
            raise BuildError(
                f"the {layer.name} layer in the cache was damaged and is removed: {layer.tar}",
                "run relctl build again, and check the disk",
            )


def _verified(engine: Engine, image: Assembly) -> Image:
    loaded = engine.image(image.reference)
    if loaded is None or loaded.id not in image.ids:
        found = loaded.id if loaded else "no image"
        raise BuildError(
            f"the engine has {found} as {image.reference} after loading {expected_id(engine, image)}",
            "another program may have loaded over it: relctl build again",
        )
    return loaded
