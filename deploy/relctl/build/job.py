"""The inputs of a build, shared by all layers."""

import platform
from collections.abc import Callable
from dataclasses import dataclass

from relctl.build.cache import Cache
from relctl.build.checkout import Checkout
from relctl.config.versions import Versions
from relctl.errors import UsageError
from relctl.tag import Tag

# glibc minor versions of acceptable wheels, newest first: bookworm has 2.36, manylinux2014 is 2.17 (PEP 600).
_GLIBC = range(36, 16, -1)


@dataclass(frozen=True)
class Target:
    """A platform: `architecture` as in engines and Debian, `machine` as in the kernel and wheels."""

    architecture: str
    machine: str

    @property
    def platform(self) -> str:
        """Return the name for `--platform`."""
        return f"linux/{self.architecture}"

    @property
    def wheel_tags(self) -> list[str]:
        """Return the platform tags of compatible wheels, best first."""
        return [*(f"manylinux_2_{minor}_{self.machine}" for minor in _GLIBC), f"manylinux2014_{self.machine}"]

    def image(self, name: str) -> str:
        """Return the image's name: plain on the host's platform, else with the architecture.

        An engine keeps one image per name, and only an image that can run here may have the plain one.
        """
        return name if self == host_target() else f"{name}-{self.architecture}"


TARGETS = (Target("amd64", "x86_64"), Target("arm64", "aarch64"))


def find_target(name: str) -> Target:
    """Return a platform by name, "" for the host's; raises UsageError if unknown."""
    if not name:
        return host_target()
    for target in TARGETS:
        if target.platform == name:
            return target
    known = " or ".join(target.platform for target in TARGETS)
    raise UsageError(f"unknown platform {name!r}", f"relctl build --platform {known}")


def host_target() -> Target:
    """Return this machine's platform."""
    machine = {"arm64": "aarch64"}.get(platform.machine(), platform.machine())
    for target in TARGETS:
        if target.machine == machine:
            return target
    raise UsageError(
        f"images cannot be built for this machine's {machine}", "relctl build --platform linux/amd64"
    )


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
