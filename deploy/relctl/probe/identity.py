"""Compare a release's identity in its labels with its answer to `/version`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from relctl.engine.labels import MODEL_SHA256, OCI_REVISION, OCI_VERSION, TAG


@dataclass(frozen=True)
class Identity:
    """What must agree between the labels of an image and the answers of its service."""

    tag: str
    version: str
    revision: str
    model_sha256: str

    @classmethod
    def of_labels(cls, labels: Mapping[str, str]) -> "Identity":
        """Read the labels of an image or of a container."""
        return cls(
            tag=labels.get(TAG, ""),
            version=labels.get(OCI_VERSION, ""),
            revision=labels.get(OCI_REVISION, ""),
            model_sha256=labels.get(MODEL_SHA256, ""),
        )

    @classmethod
    def of_info(cls, info: Mapping[str, Any]) -> "Identity":
        """Read the answer of `/version`."""
        model = info.get("model")
        return cls(
            tag=str(info.get("tag", "")),
            version=str(info.get("version", "")),
            revision=str(info.get("revision", "")),
            model_sha256=str(model.get("sha256", "")) if isinstance(model, Mapping) else "",
        )


def disagreements(labels: Identity, info: Identity) -> list[str]:
    """Return one sentence for every member in which the service contradicts the labels."""
    return [
        f"{name}: the labels say {getattr(labels, name)!r}, /version says {getattr(info, name)!r}"
        for name in labels.__dataclass_fields__
        if getattr(labels, name) != getattr(info, name)
    ]
