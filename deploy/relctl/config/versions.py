"""The model of versions.yaml: the parts of a release."""

import re
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_serializer, field_validator, model_validator

from relctl.config.units import Headers, Seconds
from relctl.config.validate import Section
from relctl.tag import is_version


def _inside(value: Any) -> PurePosixPath:
    """Accept only a path inside the project: a commit holds nothing else."""
    path = PurePosixPath(str(value))
    if not isinstance(value, str) or path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError("a path inside the project, relative to versions.yaml")
    return path


def _name(value: Any) -> str:
    if not isinstance(value, str) or re.fullmatch(r"[a-z0-9]+(?:[._-][a-z0-9]+)*", value) is None:
        raise ValueError("a name of lower-case letters, digits and single . _ - between them")
    return value


def _idempotent(value: Any) -> bool | str:
    if not isinstance(value, bool) and value != "replay":
        raise ValueError("true, false or replay")
    return value if isinstance(value, bool) else "replay"


Idempotent = Annotated[bool | Literal["replay"], BeforeValidator(_idempotent)]
ProjectPath = Annotated[PurePosixPath, BeforeValidator(_inside)]
Name = Annotated[str, BeforeValidator(_name)]

OWN_LABELS = "io.relctl."


class Base(Section):
    """The lowest layer: bootstrapped from Debian packages, or an image pinned by its digest."""

    bootstrap: str = ""
    lock: ProjectPath | None = None
    image: str = ""

    @model_validator(mode="after")
    def _one_source(self) -> "Base":
        if bool(self.bootstrap) == bool(self.image):
            raise ValueError("give either bootstrap: bookworm, or image: name@sha256:…")
        if self.image and not re.search(r"@sha256:[0-9a-f]{64}$", self.image):
            raise ValueError("an image must be pinned by its digest, name@sha256:…: a tag can move")
        return self


class Model(Section):
    """The model files and their description; `sha256` covers the whole directory."""

    path: ProjectPath
    name: Name
    revision: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    license: str


class Contract(Section):
    """The HTTP contract of the service.

    `keep_alive`: how long it keeps an idle connection. `idempotent`: whether requests may be repeated
    without harm; with `replay` also by Nginx, at the other slot, if the connection to this one breaks.
    `probe_headers` are added to every request of relctl itself, for example if the service requires a Host.
    """

    port: int = Field(ge=1, le=65535)
    live: str = Field(default="/livez", pattern="^/")
    ready: str = Field(default="/readyz", pattern="^/")
    info: str = Field(default="/version", pattern="^/")
    keep_alive: Seconds = 5.0
    idempotent: Idempotent = False
    probe_headers: Headers = Field(default={})

    @field_serializer("keep_alive", when_used="json")
    def _with_its_unit(self, value: float) -> str:
        """Format as in the file, because an image's label is parsed by the same rules."""
        return f"{value:.3f}".rstrip("0").rstrip(".") + "s"

    @property
    def probes(self) -> frozenset[str]:
        """Return the paths for machines."""
        return frozenset((self.live, self.ready, self.info))


class Versions(Section):
    """versions.yaml: reviewed by people, and independent of any host's state."""

    service: Name
    version: str
    image: Name
    python: str = Field(default="3.11", pattern=r"^3\.\d+$")
    base: Base
    requirements: ProjectPath
    code: list[ProjectPath] = Field(min_length=1)
    model: Model
    command: list[str] = Field(min_length=1)
    contract: Contract
    retain: int = Field(default=3, ge=1)
    labels: dict[str, str] = Field(default_factory=dict)

    @field_validator("code")
    @classmethod
    def _one_place_each(cls, value: list[PurePosixPath]) -> list[PurePosixPath]:
        """Reject two paths that map to one folder below /app/code; a nested path is a separate layer."""
        places: dict[str, PurePosixPath] = {}
        for path in value:
            if value.count(path) > 1:
                raise ValueError(f"{path} is named twice")
            if any(path.is_relative_to(other) for other in value if other != path):
                continue
            other = places.setdefault(path.name, path)
            if other != path:
                raise ValueError(f"{other} and {path} would both be /app/code/{path.name}")
        return value

    @field_validator("version")
    @classmethod
    def _semver(cls, value: str) -> str:
        if not is_version(value):
            raise ValueError('a SemVer version like "1.2.0" or "1.2.0-rc.1", without + metadata')
        return value

    @field_validator("labels")
    @classmethod
    def _not_ours(cls, value: dict[str, str]) -> dict[str, str]:
        """Reject labels reserved for relctl, which finds and verifies images by them."""
        for name in value:
            if name.startswith(OWN_LABELS):
                raise ValueError(f"{name}: labels that begin with {OWN_LABELS} are written by relctl")
        return value
