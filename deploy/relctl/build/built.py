"""What a build gives back."""

from dataclasses import dataclass


@dataclass(frozen=True)
class BuiltLayer:
    """A layer of a built image; `reused` when the engine had it, so that it was not loaded."""

    name: str
    digest: str
    size_bytes: int
    reused: bool


@dataclass(frozen=True)
class Built:
    """An image in the engine; `existed` when it was there before, exactly this one, and nothing was done."""

    tag: str
    reference: str
    image_id: str
    version: str
    revision: str
    size_bytes: int
    layers: list[BuiltLayer]
    seconds: float
    existed: bool
