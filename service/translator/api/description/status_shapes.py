"""What /livez, /readyz, /healthz and /version answer."""

from dataclasses import dataclass
from typing import Literal

from translator.api.validation import Shape
from translator.release import Release


class Alive(Shape):
    """The process answers."""

    status: Literal["alive"]


class Ready(Shape):
    """The model is loaded and has translated."""

    status: Literal["ready"]


class Health(Shape):
    """`uptime` in seconds, `cpu_percent` of one CPU, `memory_percent` of the memory limit."""

    status: Literal["healthy"]
    uptime: float
    versions: dict[str, str]
    cpu_percent: float
    memory_percent: float


@dataclass(frozen=True)
class Version(Release):
    """What was released, and the distributions that it can import, by name."""

    dependencies: dict[str, str]
