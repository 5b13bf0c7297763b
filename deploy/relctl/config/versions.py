"""The model of versions.yaml: what a release is made of."""

import re
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator, model_validator

from relctl.config.validate import Section
from relctl.release import is_version


def _inside(value: Any) -> PurePosixPath:
    """Accept only a path that stays inside the project: a commit holds nothing else."""
    path = PurePosixPath(str(value))
    if not isinstance(value, str) or path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError("a path inside the project, relative to versions.yaml")
    return path


def _name(value: Any) -> str:
    if not isinstance(value, str) or re.fullmatch(r"[a-z0-9]+(?:[._-][a-z0-9]+)*", value) is None:
        raise ValueError("a name of small letters, digits and single . _ - between them")
    return value


ProjectPath = Annotated[PurePosixPath, BeforeValidator(_inside)]
Name = Annotated[str, BeforeValidator(_name)]


class Base(Section):
    """The lowest layer: bootstrapped from Debian's packages, or an image pinned by its digest."""

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
    """The model files and what they claim to be; `sha256` is of the whole directory."""

    path: ProjectPath
    name: Name
    revision: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    license: str


class Contract(Section):
    """Where the service answers the HTTP contract; `idempotent` lets Nginx try a dead slot's twin."""

    port: int = Field(ge=1, le=65535)
    live: str = Field(default="/livez", pattern="^/")
    ready: str = Field(default="/readyz", pattern="^/")
    info: str = Field(default="/version", pattern="^/")
    idempotent: bool = False

    @property
    def probes(self) -> frozenset[str]:
        """The paths that machines ask."""
        return frozenset((self.live, self.ready, self.info))


class Versions(Section):
    """versions.yaml: reviewed by people, and free of any host's state."""

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
        """Refuse two paths that would be one folder below /app/code; one inside another is a layer apart."""
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
        """Leave our labels alone: images are found again, and held against evidence, by them."""
        for name in value:
            if name.startswith("io.relctl."):
                raise ValueError(f"{name}: labels that begin with io.relctl. are written by relctl")
        return value
