"""An image that a hand has made, written down as if it had been built here, so that gates look at it."""

from relctl.build.image import write_down
from relctl.state.paths import Paths
from relctl.tag import Tag
from scratch import Scratch


def trust(project: Scratch, tag: str, image_id: str) -> None:
    """Write a build record of an image for a tag of HEAD's commit."""
    paths = Paths(project.state, project.service, "local")
    write_down(paths, image_id, Tag.parse(tag), project.git("rev-parse", "HEAD"))
