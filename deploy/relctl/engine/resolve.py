"""Resolving a tag to its image, whose labels must agree with the tag."""

import difflib

from relctl.config.project import Project
from relctl.engine import leases
from relctl.engine.labels import SERVICE, TAG
from relctl.engine.protocol import Engine, Image
from relctl.errors import UsageError
from relctl.tag import Tag

_CLOSE = 0.8  # of difflib's ratio: one or two digits of a commit


def resolve(project: Project, engine: Engine, tag: Tag) -> Image:
    """Return the image of a tag, by its name or, if that was removed, by this environment's lease.

    Raises UsageError if it is missing or belongs to another service.
    """
    reference = f"{project.versions.image}:{tag}"
    image = engine.image(reference) or engine.image(leases.name(project, tag))
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
