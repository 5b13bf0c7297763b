"""From HEAD's commit to an image in the engine: the order of things."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from relctl.build import base, code, dependencies, model, target
from relctl.build.assembly import Assembly
from relctl.build.cache import Cache
from relctl.build.checkout import Checkout
from relctl.build.commit import open_checkout
from relctl.build.imageconfig import config, labels
from relctl.build.job import Job
from relctl.build.load import load, present
from relctl.config.project import Project
from relctl.config.versions import Versions
from relctl.engine.hold import hold_image, names
from relctl.engine.protocol import Engine, Image
from relctl.errors import UsageError
from relctl.release import COMMIT_DIGITS, Tag
from relctl.state.event import Event
from relctl.state.ledger import Ledger
from relctl.state.paths import Paths

Say = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """What a build may be asked for: uncommitted changes too, and a platform ("": the host's)."""

    allow_dirty: bool = False
    platform: str = ""


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


def build(project: Project, engine: Engine, options: Options, say: Say) -> Built:
    """Build HEAD's commit into an image; the same commit gives the same image id on every machine.

    Raises UsageError for a dirty tree and for a tag that names another image already, ConfigError for a
    bad lock, BuildError for what the commit does not hold or no package index offers, EngineError.
    """
    began = time.monotonic()
    paths = Paths(project.state_dir, project.versions.service, project.name)
    cache = Cache(paths.cache)
    with cache.in_use(), cache.scratch() as scratch:
        source = open_checkout(project.root, options.allow_dirty, scratch)
        tag = tag_of(project.versions, source)
        job = Job(source, project.versions, tag, target.find(options.platform), cache, say)
        image = _assemble(job, engine)
        existing = _existing(engine, image)
        have = len(image.layers) if existing else present(engine, image)
        loaded = existing or load(engine, image, have, cache, say)
    cache.sweep()
    if existing is None or not names(project, loaded).own:
        details = {"reference": image.reference, "revision": source.revision}
        Ledger(paths.ledger).append(Event("built", tag=str(tag), image_id=loaded.id, details=details))
    hold_image(project, engine, loaded, tag)  # last: what could not be written down is, by the next build
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


def tag_of(versions: Versions, source: Checkout) -> Tag:
    """Return the tag of what is built from a checkout."""
    return Tag(versions.version, source.revision[:COMMIT_DIGITS], source.dirty)


def _assemble(job: Job, engine: Engine) -> Assembly:
    """Make the layers that are not in the cache, and the config over them.

    They are made in the opposite order of how they lie: a mistake in the project shows at once, before
    anything is fetched.
    """
    service = code.layers(job)
    weights = model.layer(job)
    site = dependencies.layer(job)
    layers = (*base.layers(job, engine), site, weights, *service)
    facts = {name: fact for layer in layers for name, fact in layer.facts.items()}
    return Assembly(job.reference, config(job, layers, labels(job, facts)), layers)


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
