"""The model of deploy/environments/NAME.yaml: where a release runs."""

import copy
import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, get_args, get_origin

import yaml
from pydantic import BaseModel, Field, field_validator, model_validator

from relctl.config.document import Document, KeyPath
from relctl.config.notify import Hook
from relctl.config.units import Address, Bytes, Seconds
from relctl.config.validate import Section
from relctl.config.versions import ProjectPath
from relctl.errors import ConfigError


class Proxy(Section):
    """The Nginx in front: `managed` is started by relctl, `system` is run by someone else."""

    mode: Literal["managed", "system"] = "managed"
    listen: Address = "127.0.0.1:8080"
    nginx: str = "nginx"
    include: Path | None = None
    test: tuple[str, ...] = ("nginx", "-t")
    reload: tuple[str, ...] = ("nginx", "-s", "reload")

    @model_validator(mode="after")
    def _system_has_an_include(self) -> "Proxy":
        if self.mode == "system" and self.include is None:
            raise ValueError("mode: system needs include: the file that your Nginx includes")
        return self


class Ports(Section):
    """Published loopback ports, one a slot."""

    blue: int = Field(ge=1, le=65535)
    green: int = Field(ge=1, le=65535)


class Network(Section):
    """Fixed slot addresses on a bridge (`subnet`), or published ports where it is out of reach."""

    subnet: str = "172.31.250.0/24"
    publish: Ports | None = None

    @field_validator("subnet")
    @classmethod
    def _room_for_slots(cls, value: str) -> str:
        try:
            network = ipaddress.IPv4Network(value)
        except ValueError as error:
            raise ValueError(f"a subnet looks like 172.31.250.0/24: {error}") from None
        if network.prefixlen > 28:
            raise ValueError("a subnet of at least 16 addresses, like 172.31.250.0/24")
        return value


class Resources(Section):
    """The limits of one container."""

    cpus: float = Field(default=1.5, gt=0, allow_inf_nan=False)
    memory: Bytes = 1024**3
    pids: int = Field(default=256, ge=16)


# Nginx's variables are words; a header's hyphens become underscores in them, a cookie's do not.
_STICKY = r"cookie:[A-Za-z0-9_]{1,60}|header:[A-Za-z0-9-]{1,60}"
Percent = Annotated[int, Field(ge=1, le=99, strict=True)]


def rising(steps: Sequence[int]) -> None:
    """Raise ValueError for steps of which one is no larger than the one before."""
    if list(steps) != sorted(set(steps)):
        raise ValueError("each step is larger than the one before, like [5, 25]")


class Rollout(Section):
    """How patient a rollout is, and how much worse than the release before a release may be in traffic.

    It gets `canary` percent of the traffic first, step by step, by request or by client (`sticky`).
    It is watched for `observe` after a switch, and `wait_at_most` longer where traffic is `too_few`.
    `max_error_rate` is how much larger a part of its requests may fail; `max_p95_ratio` how many times as
    long they may take.
    """

    ready_within: Seconds = 60.0
    canary: tuple[Percent, ...] = ()
    sticky: str = ""
    observe: Seconds = 0.0
    min_requests: int = Field(default=100, ge=1)
    max_error_rate: float = Field(default=0.002, ge=0, lt=1, allow_inf_nan=False)
    max_p95_ratio: float = Field(default=1.25, ge=1, allow_inf_nan=False)
    too_few: Literal["wait", "accept", "rollback"] = "wait"
    wait_at_most: Seconds = 600.0

    @field_validator("sticky")
    @classmethod
    def _a_cookie_or_a_header(cls, value: str) -> str:
        if value and re.fullmatch(_STICKY, value) is None:
            raise ValueError("cookie:NAME or header:NAME; a cookie's name of letters, digits and _")
        return value

    @field_validator("canary")
    @classmethod
    def _rising(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        rising(value)
        return value

    @model_validator(mode="after")
    def _canaries_are_watched(self) -> "Rollout":
        if self.canary and not self.observe:
            raise ValueError("canary needs observe: how long each step is watched, like 30m")
        return self


class Environment(Section):
    """One environment: engine, state directory, proxy, network, limits, rollout policy.

    `pipeline`: what a release must pass to be promoted here; `max_age`: how old its evidence may be then.
    """

    engine: Literal["docker"] = "docker"
    docker_host: str = ""
    state_dir: Path = Path(".relctl")

    @field_validator("state_dir", mode="before")
    @classmethod
    def _a_folder(cls, value: Any) -> Any:
        if not isinstance(value, str | Path) or not str(value):
            raise ValueError("a folder, like .relctl or /var/lib/relctl")
        return value

    allow_dirty: bool = False
    pipeline: ProjectPath = PurePosixPath("pipelines/verify.yaml")
    max_age: Seconds | None = None
    proxy: Proxy = Proxy()
    network: Network = Network()
    resources: Resources = Resources()
    rollout: Rollout = Rollout()
    notify: list[Hook] = Field(default_factory=list)


def override(document: Document, environ: Mapping[str, str]) -> Document:
    """Lay `RELCTL_<KEY>` variables over the file: RELCTL_PROXY_LISTEN is proxy.listen."""
    data, overrides = copy.deepcopy(document.data), {}
    for where, name, is_text in _variables(Environment):
        if name in environ:
            overrides[where] = name
            _lay(data, where, environ[name] if is_text else _scalar(name, environ[name]))
    return replace(document, data=data, overrides=overrides)


def _scalar(name: str, text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        raise ConfigError(f"{name}: {text!r} cannot be read as a value", f"unset {name}") from None


def _lay(data: dict[Any, Any], where: KeyPath, value: Any) -> None:
    """Set a value deep in `data`; a section of the wrong type is left for validation to name."""
    for part in where[:-1]:
        data[part] = {} if data.get(part) is None else data[part]
        if not isinstance(data[part], dict):
            return
        data = data[part]
    data[where[-1]] = value


def _variables(model: type[BaseModel], above: KeyPath = ()) -> Iterator[tuple[KeyPath, str, bool]]:
    """Yield the key path of every value, the variable that overrides it, and whether it is taken as text."""
    for name, info in model.model_fields.items():
        where = (*above, name)
        section = _section(info.annotation)
        if section is not None:
            yield from _variables(section, where)
        else:
            is_text = bool({str, Path} & {info.annotation, *get_args(info.annotation)})
            yield where, "_".join(["RELCTL", *map(str, where)]).upper(), is_text


def _section(annotation: Any) -> type[BaseModel] | None:
    if get_origin(annotation) is list:
        return None  # a whole list is one value
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None
