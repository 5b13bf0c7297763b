"""Holds: names by which environments keep an image in the engine, so that none removes what another needs.

An engine removes an image with its last name, and not before. Each environment gives a name of its own to
what it builds, verifies, promotes or pins. So the engine itself knows who needs what, also where environments
have different state directories and cannot read each other's ledger.
"""

from dataclasses import dataclass

from relctl.config.project import Project
from relctl.engine.protocol import Engine, Image
from relctl.engine.slots import TAG, scope, state_mark
from relctl.release import Tag

_PREFIX = "relctl-hold/"


@dataclass(frozen=True)
class Names:
    """The names of an image: this environment's hold, the release's own name, and all others."""

    own: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def holders(self) -> str:
        """Who else needs the image, in words."""
        return ", ".join(_words(each) for each in self.others)


def hold_image(project: Project, engine: Engine, image: Image, tag: Tag | str) -> None:
    """Keep an image in the engine for this environment."""
    if not names(project, image).own:
        engine.name_image(image.id, name(project, tag))


def name(project: Project, tag: Tag | str) -> str:
    """Return the name by which this environment holds a release."""
    return f"{_repository(project)}:{tag}"


def let_go(project: Project, engine: Engine, image: Image) -> Names | None:
    """Give up the hold, and the image with it unless it has other names; returns those, None for no image.

    Two environments may do this at once: each gives up its own hold before it looks for others, so that one
    of them finds none. The hold goes last: a process that is killed leaves an image that is still held.
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
    """Sort the names of an image by whose they are."""
    own = tuple(each for each in image.tags if each.startswith(name(project, "")))
    plain = tuple(each for each in image.tags if each == f"{project.versions.image}:{image.labels.get(TAG)}")
    return Names(own, plain, tuple(each for each in image.tags if each not in (*own, *plain)))


def shares_state(project: Project, reference: str) -> bool:
    """Tell whether a name is the hold of an environment that has this one's state directory."""
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
