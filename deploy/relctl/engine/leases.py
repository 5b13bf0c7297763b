"""Image names: resolve a tag to its image, and lease images, so that they are not pruned.

An engine removes an image with its last name only. Each environment gives its own name to what it
builds, verifies, promotes or pins. The engine thus knows all users of an image, even across state
directories that cannot read each other's ledgers.
"""

import difflib
from dataclasses import dataclass

from relctl.config.project import Project
from relctl.engine.labels import SERVICE, TAG
from relctl.engine.protocol import Engine, Image
from relctl.engine.slots import scope, state_mark
from relctl.errors import UsageError
from relctl.tag import Tag

_PREFIX = "relctl-hold/"
_CLOSE = 0.8  # of difflib's ratio: one or two digits of a commit


@dataclass(frozen=True)
class Names:
    """The names of an image: this environment's lease, the release's own name, and all others."""

    own: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def holders(self) -> str:
        """Return the other users of the image, in words."""
        return ", ".join(_words(each) for each in self.others)


def hold_image(project: Project, engine: Engine, image: Image, tag: Tag | str) -> None:
    """Lease an image for this environment."""
    if not names(project, image).own:
        engine.name_image(image.id, name(project, tag))


def name(project: Project, tag: Tag | str) -> str:
    """Return the name by which this environment leases a release."""
    return f"{_repository(project)}:{tag}"


def let_go(project: Project, engine: Engine, image: Image) -> Names | None:
    """End the lease, and remove the image unless other names remain; return those, None if it is removed.

    Two environments may run this at once: each drops its own lease before it looks for others, so that one
    of them finds none. Without others the lease goes last: a killed process leaves the image leased.
    """
    found = names(project, image)
    if found.others:
        _remove(engine, found.own)
        left = engine.image(image.id)
        found = names(project, left) if left else Names()
    if found.others:
        return found
    _remove(engine, (*found.plain, *found.own))
    return None


def names(project: Project, image: Image) -> Names:
    """Sort the names of an image by owner."""
    own = tuple(each for each in image.tags if each.startswith(name(project, "")))
    plain = tuple(each for each in image.tags if each == f"{project.versions.image}:{image.labels.get(TAG)}")
    return Names(own, plain, tuple(each for each in image.tags if each not in (*own, *plain)))


def shares_state(project: Project, reference: str) -> bool:
    """Return whether a name is the lease of an environment with the same state directory."""
    repository = reference.rpartition(":")[0]
    return repository.startswith(_PREFIX) and repository.endswith(f"-{state_mark(project)}")


def _repository(project: Project) -> str:
    return f"{_PREFIX}{scope(project).removeprefix('relctl-')}-{state_mark(project)}"


def _remove(engine: Engine, references: tuple[str, ...]) -> None:
    for reference in references:
        engine.remove_image(reference)


def _words(reference: str) -> str:
    if reference.startswith(_PREFIX):
        return f"held by {reference.rpartition(':')[0].removeprefix(_PREFIX)}"
    return f"also named {reference}"


def resolve(project: Project, engine: Engine, tag: Tag) -> Image:
    """Return the image of a tag, by its name or, if that was removed, by this environment's lease.

    Raises UsageError if it is missing or belongs to another service.
    """
    reference = f"{project.versions.image}:{tag}"
    image = engine.image(reference) or engine.image(name(project, tag))
    if image is None:
        raise UsageError(
            f"there is no image {reference} in the engine{_slip(project, engine, tag)}",
            "relctl releases lists what is there; relctl build makes one from HEAD",
        )
    wanted, service = project.versions.service, image.labels.get(SERVICE, "")
    if service != wanted:
        owner = f"service {service!r}" if service else "no service of relctl"
        raise UsageError(
            f"{reference} belongs to {owner}, not to {wanted!r}",
            "relctl releases lists the tags of this service",
        )
    return image


def _slip(project: Project, engine: Engine, tag: Tag) -> str:
    """Say which release a wrong tag may have been meant for, "" where none is close."""
    there = [image.labels.get(TAG, "") for image in engine.images(f"{SERVICE}={project.versions.service}")]
    close = difflib.get_close_matches(str(tag), there, n=1, cutoff=_CLOSE)
    return f"; did you mean {close[0]}?" if close else ""
