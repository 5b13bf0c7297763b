"""Leases: image names by which environments keep an image from being pruned.

An engine removes an image with its last name only. Each environment gives its own name to what it
builds, verifies, promotes or pins. The engine thus knows all users of an image, even across state
directories that cannot read each other's ledgers.
"""

from dataclasses import dataclass

from relctl.config.project import Project
from relctl.engine.labels import TAG
from relctl.engine.protocol import Engine, Image
from relctl.engine.slots import scope, state_mark
from relctl.tag import Tag

_PREFIX = "relctl-hold/"


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
