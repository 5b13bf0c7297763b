"""An image as its config, manifest and layers, before any engine has seen it: its id is known here."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from relctl.build.layer import Layer

_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


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
                "mediaType": MANIFEST,
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
