"""An image outside any engine: config, manifest, layers, ids, and the archive that holds them."""

import hashlib
import io
import json
import tarfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relctl.build.layer import Layer
from relctl.engine.labels import OCI

_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_INDEX = "application/vnd.oci.image.index.v1+json"


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
