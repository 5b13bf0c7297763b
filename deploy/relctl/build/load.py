"""Handing an image to the engine, with no more layers than it lacks."""

from collections.abc import Callable, Sequence

from relctl.build.assembly import Assembly, in_common, write_archive
from relctl.build.cache import Cache
from relctl.build.layer import Layer, intact
from relctl.engine.protocol import Engine, Image
from relctl.engine.slots import SERVICE
from relctl.errors import BuildError, EngineError
from relctl.state.files import naming

Say = Callable[[str], None]


def load(engine: Engine, image: Assembly, have: int, cache: Cache, say: Say) -> Image:
    """Load an image whose `have` lowest layers the engine has; returns it as the engine has it then.

    Those layers can vanish between the question and the load: when the engine refuses an archive
    without them, it is given all.
    """
    lacking = image.layers if engine.needs_every_layer() else image.layers[have:]
    try:
        _hand_over(engine, image, lacking, cache, say)
    except EngineError as refusal:
        whole = [layer for layer in image.layers if layer.tar is not None]
        _discard_damaged(whole)
        if len(whole) == len(lacking):
            raise
        say(f"the engine lacks a layer after all, it is given all of them: {refusal}")
        _hand_over(engine, image, whole, cache, say)
    return _verified(engine, image)


def present(engine: Engine, image: Assembly) -> int:
    """Count the image's lowest layers that the engine has, in its base or in any image of relctl."""
    ours = [layer.digest for layer in image.layers]
    base = sum(layer.tar is None for layer in image.layers)
    return max([base, *(in_common(ours, known.layers) for known in engine.images(SERVICE))])


def _hand_over(engine: Engine, image: Assembly, layers: Sequence[Layer], cache: Cache, say: Say) -> None:
    size = sum(layer.size for layer in layers)
    say(f"loading {len(layers)} of {len(image.layers)} layers, {size / 1e6:.1f} MB")
    with cache.scratch() as scratch:
        with naming(scratch / "image.tar"):
            write_archive(scratch / "image.tar", image, layers)
        engine.load(scratch / "image.tar")


def _discard_damaged(layers: Sequence[Layer]) -> None:
    """See whether the refusal is the cache's fault: nobody reads a layer again after it was written."""
    for layer in layers:
        if layer.tar is not None and not intact(layer.tar, layer.digest):
            layer.tar.unlink()
            raise BuildError(
                f"the {layer.name} layer in the cache was damaged: {layer.tar}; it is removed now",
                "relctl build makes it again; look at the health of the disk",
            )


def _verified(engine: Engine, image: Assembly) -> Image:
    loaded = engine.image(image.reference)
    if loaded is None or loaded.id not in image.ids:
        found = loaded.id if loaded else "no image"
        raise BuildError(
            f"the engine has {found} as {image.reference} after loading {image.ids[0]}",
            "another program may have loaded over it: relctl build again",
        )
    return loaded
