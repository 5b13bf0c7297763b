"""From a tag to its image: the engine must have it, and its labels must say the same."""

from relctl.config.project import Project
from relctl.engine import hold
from relctl.engine.protocol import Engine, Image
from relctl.engine.slots import SERVICE
from relctl.errors import UsageError
from relctl.release import Tag


def resolve(project: Project, engine: Engine, tag: Tag) -> Image:
    """Return the image of a tag, by its name or, where that was removed, by this environment's hold.

    Raises UsageError if it is missing, or not what its tag says.
    """
    reference = f"{project.versions.image}:{tag}"
    image = engine.image(reference) or engine.image(hold.name(project, tag))
    if image is None:
        raise UsageError(
            f"there is no image {reference} in the engine",
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
