"""The inputs of a build, shared by all layers."""

from collections.abc import Callable
from dataclasses import dataclass

from relctl.build.cache import Cache
from relctl.build.checkout import Checkout
from relctl.build.target import Target
from relctl.config.versions import Versions
from relctl.release import Tag


@dataclass(frozen=True)
class Job:
    """One image to build: its commit, tag and platform; `say` reports progress."""

    source: Checkout
    versions: Versions
    tag: Tag
    target: Target
    cache: Cache
    say: Callable[[str], None]

    @property
    def reference(self) -> str:
        """Return the image's name and tag in the engine."""
        return reference(self.versions, self.target, self.tag)


def reference(versions: Versions, on: Target, tag: Tag) -> str:
    """Return the name and tag of an image for a platform."""
    return f"{on.image(versions.image)}:{tag}"
