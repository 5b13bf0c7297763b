"""From HEAD's commit to an image in the engine: the order of things."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from relctl.build import base, dependencies, model, service, target
from relctl.build.assembly import Assembly
from relctl.build.built import Built, BuiltLayer
from relctl.build.cache import Cache
from relctl.build.commit import open_checkout
from relctl.build.configuration import config
from relctl.build.labels import labels
from relctl.build.load import load, present
from relctl.build.order import Order
from relctl.config.project import Project
from relctl.engine.protocol import Engine, Image
from relctl.errors import UsageError
from relctl.release import COMMIT_DIGITS, Tag
from relctl.state.ledger import Event, Ledger
from relctl.state.paths import Paths

Say = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """What a build may be asked for: uncommitted changes too, and a platform ("": the host's)."""

    allow_dirty: bool = False
    platform: str = ""


def build(project: Project, engine: Engine, options: Options, say: Say) -> Built:
    """Build HEAD's commit into an image; the same commit gives the same image id on every machine.

    Raises UsageError for a dirty tree and for a tag that names another image already, ConfigError for a
    bad lock, BuildError for what the commit does not hold or no package index offers, EngineError.
    """
    began = time.monotonic()
    paths = Paths(project.state_dir, project.versions.service, project.name)
    cache = Cache(paths.cache)
    with cache.scratch() as scratch:
        source = open_checkout(project.root, options.allow_dirty, scratch)
        tag = Tag(project.versions.version, source.revision[:COMMIT_DIGITS], source.dirty)
        order = Order(source, project.versions, tag, target.find(options.platform), cache, say)
        image = _assemble(order, engine)
    existing = _existing(engine, image)
    have = len(image.layers) if existing else present(engine, image)
    loaded = existing or load(engine, image, have, cache, say)
    cache.sweep()
    if existing is None:
        details = {"reference": image.reference, "revision": source.revision}
        Ledger(paths.ledger).append(Event("built", tag=str(tag), image_id=loaded.id, details=details))
    return Built(
        tag=str(tag),
        reference=image.reference,
        image_id=loaded.id,
        version=tag.version,
        revision=source.revision,
        size_bytes=loaded.size_bytes,
        layers=_layers(image, have),
        seconds=round(time.monotonic() - began, 3),
        existed=existing is not None,
    )


def _assemble(order: Order, engine: Engine) -> Assembly:
    """Make the layers that are not in the cache, and the config over them.

    They are made in the opposite order of how they lie: a mistake in the project shows at once, before
    anything is fetched.
    """
    code = service.layer(order)
    weights = model.layer(order)
    site = dependencies.layer(order)
    layers = (*base.layers(order, engine), site, weights, code)
    facts = {name: fact for layer in layers for name, fact in layer.facts.items()}
    return Assembly(order.reference, config(order, layers, labels(order, facts)), layers)


def _layers(image: Assembly, have: int) -> list[BuiltLayer]:
    return [
        BuiltLayer(layer.name, layer.digest, layer.size, reused=number < have)
        for number, layer in enumerate(image.layers)
    ]


def _existing(engine: Engine, image: Assembly) -> Image | None:
    """Return the image if the engine has it; raises UsageError if its tag is another image's."""
    found = engine.image(image.reference)
    if found is not None and found.id not in image.ids:
        raise UsageError(
            f"{image.reference} is an image already, {found.id}, and this build would give {image.ids[0]}; "
            "a tag never moves",
            "commit, or raise version in versions.yaml, so that the build has a tag of its own",
        )
    return found
