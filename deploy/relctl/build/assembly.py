"""An image before any engine has seen it: its config, manifest, layers and ids, and the archive of them."""

import hashlib
import io
import json
import tarfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relctl.build.layer import Layer

_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_INDEX = "application/vnd.oci.image.index.v1+json"


@dataclass(frozen=True)
class Assembly:
    """What is to be loaded: a name with its tag, the config as bytes, and the layers, lowest first."""

    reference: str
    config: bytes
    layers: tuple[Layer, ...]

    @property
    def manifest(self) -> bytes:
        """The OCI manifest."""
        return encoded(
            {
                "schemaVersion": 2,
                "mediaType": _MANIFEST,
                "config": {"mediaType": _CONFIG, "digest": digest(self.config), "size": len(self.config)},
                "layers": [
                    {"mediaType": _LAYER, "digest": layer.digest, "size": layer.size} for layer in self.layers
                ],
            }
        )

    @property
    def ids(self) -> tuple[str, str]:
        """The ids that engines give it: the config's digest, or with containerd's store the manifest's."""
        return digest(self.config), digest(self.manifest)


def digest(content: bytes) -> str:
    """Return `sha256:…`."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def encoded(document: dict[str, Any] | list[Any]) -> bytes:
    """Return JSON that is the same for the same contents."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def in_common(ours: Sequence[str], theirs: Sequence[str]) -> int:
    """Count the lowest layers that two images share: an engine knows a layer by all that are below it."""
    count = 0
    for one, other in zip(ours, theirs, strict=False):
        if one != other:
            break
        count += 1
    return count


def write_archive(path: Path, image: Assembly, layers: Collection[Layer]) -> None:
    """Write what `docker load` takes: its own manifest.json, and an OCI layout for containerd's store.

    It holds `layers`; those of the image that are not among them, the engine has.
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
    """The OCI layout's root. The names are those that containerd and Docker write when they save."""
    platform = {key: json.loads(image.config)[key] for key in ("architecture", "os")}
    manifest = {
        "mediaType": _MANIFEST,
        "digest": digest(image.manifest),
        "size": len(image.manifest),
        "platform": platform,
        "annotations": {
            "io.containerd.image.name": f"docker.io/library/{image.reference}",
            "org.opencontainers.image.ref.name": image.reference.rpartition(":")[2],
        },
    }
    return encoded({"schemaVersion": 2, "mediaType": _INDEX, "manifests": [manifest]})


def _manifest_json(image: Assembly) -> bytes:
    layers = [_blob(layer.digest) for layer in image.layers]
    return encoded([{"Config": _blob(image.ids[0]), "RepoTags": [image.reference], "Layers": layers}])


def _blob(of: str) -> str:
    return f"blobs/{of.replace(':', '/')}"
