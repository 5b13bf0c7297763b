"""The archive that `docker load` takes: its own manifest.json, and an OCI layout for containerd's store."""

import io
import json
import tarfile
from collections.abc import Collection
from pathlib import Path

from relctl.build.assembly import MANIFEST, Assembly, digest, encoded
from relctl.build.layer import Layer

_INDEX = "application/vnd.oci.image.index.v1+json"


def write(path: Path, image: Assembly, layers: Collection[Layer]) -> None:
    """Write an archive that holds `layers`; those of the image that are not among them, the engine has."""
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
        "mediaType": MANIFEST,
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
