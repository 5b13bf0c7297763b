"""The build: from HEAD's commit to an image in the engine."""

import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import relctl
from relctl.build import base, code, dependencies, model
from relctl.build.assembly import Assembly, Loaded, expected_id, load, present
from relctl.build.cache import Cache
from relctl.build.checkout import Checkout, open_checkout
from relctl.build.image_config import config, labels
from relctl.build.job import Job, find_target, reference
from relctl.build.tarball import intact
from relctl.config.project import Project
from relctl.config.versions import Versions
from relctl.engine.labels import TAG
from relctl.engine.leases import hold_image, names
from relctl.engine.protocol import Engine, Image
from relctl.errors import EngineError, UsageError
from relctl.source.origin import BuildRecord, BuildRecords
from relctl.state.event import Event
from relctl.state.ledger import Ledger
from relctl.state.ownership import who
from relctl.state.paths import Paths
from relctl.state.steps import Step
from relctl.tag import COMMIT_DIGITS, Tag

Say = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """Options of a build: whether to include uncommitted changes, and the platform ("": the host's)."""

    allow_dirty: bool = False
    platform: str = ""


@dataclass(frozen=True)
class BuiltLayer:
    """A layer of a built image; `reused` if the engine already had it."""

    name: str
    digest: str
    size_bytes: int
    reused: bool


@dataclass(frozen=True)
class Built:
    """An image in the engine; `existed` if it was already there and nothing was done."""

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

    Raises UsageError for a dirty tree or a tag that names another image; ConfigError for a bad lock;
    BuildError for missing files or packages; EngineError.
    """
    began = time.monotonic()
    paths = Paths(project.state_dir, project.versions.service, project.name)
    cache = Cache(paths.cache)
    with cache.in_use(), cache.scratch() as scratch:
        source = open_checkout(project.root, options.allow_dirty, scratch)
        tag = tag_of(project.versions, source)
        job = Job(source, project.versions, tag, find_target(options.platform), cache, say)
        image = _assemble(job, engine)
        existing = _existing(project, engine, image, say)
        if existing:
            loaded = Loaded(existing, ())
        else:
            have = present(engine, image)
            image = _intact(job, engine, image, have)
            loaded = load(engine, image, have, cache, say)
    cache.sweep()
    found = loaded.image
    write_down(paths, found.id, tag, source.revision)
    if existing is None or not names(project, found).own:
        details = {"reference": image.reference, "revision": source.revision}
        Ledger(paths.ledger).append(Event("built", tag=str(tag), image_id=found.id, details=details))
    hold_image(project, engine, found, tag)  # last, so that the next build writes a missing record
    return Built(
        tag=str(tag),
        reference=image.reference,
        image_id=found.id,
        version=tag.version,
        revision=source.revision,
        size_bytes=found.size_bytes,
        layers=_layers(image, loaded),
        seconds=round(time.monotonic() - began, 3),
        existed=existing is not None,
    )


def describe_build(project: Project, engine: Engine, options: Options) -> Step:
    """Say what a build would make, loading nothing; refuse the tree, platform and paths as it would.

    Whether the tag names another image shows only once the layers are written.
    """
    versions, on = project.versions, find_target(options.platform)
    with tempfile.TemporaryDirectory(prefix="relctl-dry-run-") as scratch:
        source = open_checkout(project.root, options.allow_dirty, Path(scratch))
        source.identities([*map(str, versions.code), str(versions.model.path), str(versions.requirements)])
        for path in (*versions.code, versions.model.path):
            source.files(str(path))
    named = reference(versions, on, tag_of(versions, source))
    words = f"make {named} for {on.platform} from commit {source.revision[:7]}"
    has = "has an image of that name" if engine.image(named) else "does not have it"
    return Step("build", f"{words}; the engine {has}")


def write_down(paths: Paths, image_id: str, tag: Tag, revision: str) -> None:
    """Write the build record, which verify and promote require, if it is missing.

    This includes an existing image whose build was killed or ran in another checkout.
    """
    at = datetime.now(UTC)
    record = BuildRecord(
        image_id=image_id, tag=str(tag), revision=revision, at=at, by=who(), relctl=relctl.__version__
    )
    BuildRecords(paths.built).keep(record)


def tag_of(versions: Versions, source: Checkout) -> Tag:
    """Return the tag of a checkout."""
    return Tag(versions.version, source.revision[:COMMIT_DIGITS], source.dirty)


def _assemble(job: Job, engine: Engine) -> Assembly:
    """Write the layers that are not in the cache, and the config.

    They are written from the top down: mistakes in the project show at once, before anything is fetched.
    """
    service = code.layers(job)
    weights = model.layer(job)
    site = dependencies.layer(job)
    layers = (*base.layers(job, engine), site, weights, *service)
    facts = {name: fact for layer in layers for name, fact in layer.facts.items()}
    return Assembly(job.reference, config(job, layers, labels(job, facts)), layers)


def _intact(job: Job, engine: Engine, image: Assembly, have: int) -> Assembly:
    """Write damaged cache entries again; the engine has the `have` lowest layers."""
    given = image.layers[have:]
    damaged = [each for each in given if each.tar is not None and not intact(each.tar, each.digest)]
    for each in damaged:
        job.say(f"the {each.name} layer in the cache is damaged, and made again: {each.tar}")
        job.cache.drop(each)
    return _assemble(job, engine) if damaged else image


def _layers(image: Assembly, loaded: Loaded) -> list[BuiltLayer]:
    return [
        BuiltLayer(layer.name, layer.digest, layer.size, reused=layer not in loaded.given)
        for layer in image.layers
    ]


def _existing(project: Project, engine: Engine, image: Assembly, say: Say) -> Image | None:
    """Return the image if the engine has all of it; raises UsageError if its tag is another image's.

    An image leased by this environment was proved when it was loaded. Any other may be from a killed load.
    """
    found = engine.image(image.reference)
    if found is None:
        return None
    if found.id not in image.ids:
        raise _another(found, image, expected_id(engine, image))
    if not names(project, found).own:
        try:
            engine.prove(found.id)
        except EngineError as error:
            say(f"{image.reference} is in the engine, but not whole: {error.message}")
            return None
    return found


def _another(found: Image, image: Assembly, expected: str) -> UsageError:
    """Return the error for a tag that is taken by another image, or by the same content with another id."""
    labels = json.loads(image.config)["config"]["Labels"]
    if (found.layers, found.labels) == (tuple(layer.digest for layer in image.layers), labels):
        return UsageError(
            f"{image.reference} has this build's layers and labels, but the id {found.id}, and this build "
            f"would give {expected}: it came by `docker load` from another engine, or from another relctl",
            f"docker image rm {image.reference}, then relctl build, gives the id of the commit; nothing ties "
            f"this one to it: relctl promote {labels[TAG]} --force --reason …",
        )
    return UsageError(
        f"{image.reference} is an image already, {found.id}, and this build would give {expected}; "
        "a tag never moves",
        "commit, or raise version in versions.yaml, so that the build has a tag of its own; or, if no build "
        f"made that image: docker image rm {image.reference}",
    )
