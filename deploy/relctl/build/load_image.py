"""Loading an image into the engine, with only the layers that it lacks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from relctl.build.assembly import Assembly, in_common, write_archive
from relctl.build.cache import Cache
from relctl.build.layer import Layer, intact
from relctl.engine.labels import SERVICE
from relctl.engine.protocol import Engine, Image
from relctl.errors import BuildError, EngineError
from relctl.state.files import naming

Say = Callable[[str], None]


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
