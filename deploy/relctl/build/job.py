"""The job of building one image: what every layer is made from."""

from collections.abc import Callable
from dataclasses import dataclass

from relctl.build.cache import Cache
from relctl.build.checkout import Checkout
from relctl.build.target import Target
from relctl.config.versions import Versions
from relctl.release import Tag


@dataclass(frozen=True)
class Job:
    """One image to be made: of a commit, under a tag, for a platform; `say` takes progress in words."""

    source: Checkout
    versions: Versions
    tag: Tag
    target: Target
    cache: Cache
    say: Callable[[str], None]

    @property
    def reference(self) -> str:
        """The image's name and tag in the engine."""
        return reference(self.versions, self.target, self.tag)


def reference(versions: Versions, on: Target, tag: Tag) -> str:
    """Return the name and tag under which the engine keeps an image for a platform."""
    return f"{on.image(versions.image)}:{tag}"
