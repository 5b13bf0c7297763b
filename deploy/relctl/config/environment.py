"""The model of deploy/environments/NAME.yaml: where a release runs."""

import copy
import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, get_args, get_origin
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_core import PydanticCustomError

from relctl.config.document import Document, KeyPath, plain
from relctl.config.units import Addresses, Bytes, Networks, Seconds, SomeSeconds, SomeUntil, UrlPaths, until
from relctl.config.validate import WITHHELD, Section, models_in
from relctl.config.versions import ProjectPath
from relctl.errors import ConfigError

_LOOPBACK = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - Nginx listens there, not relctl


def _webhook(value: Any) -> Any:
    """Check a URL; the error must not repeat it, because it may hold a secret."""
    try:
        parts = urlsplit(str(value))
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if (
        not good
        or not isinstance(value, str)
        or not value.isascii()
        or not value.isprintable()
        or " " in value
    ):
        raise PydanticCustomError(WITHHELD, "a webhook looks like https://host/path")
    return value


Webhook = Annotated[SecretStr, BeforeValidator(_webhook)]


class Hook(Section):
    """One recipient: a program, which gets the event on standard input, or a webhook, by POST."""

    on: list[Literal["promoted", "rolled-back", "aborted"]] = Field(min_length=1)
    run: list[str] | None = Field(default=None, min_length=1)
    webhook: Webhook | None = None
    timeout: SomeSeconds = 10.0

    @model_validator(mode="after")
    def _one_of_two(self) -> "Hook":
        if (self.run is None) == (self.webhook is None):
            raise ValueError("give either run or webhook")
        return self


def reachable(address: str) -> str:
    """Return the address to connect to from this machine: for a wildcard the loopback address."""
    host, _, port = address.rpartition(":")
    return f"{_LOOPBACK.get(host, host)}:{port}"


class Proxy(Section):
    """The Nginx in front: `managed` is started by relctl, `system` is run by someone else.

    Headers about the client are accepted from `trusted` proxies. Only `private` addresses may request the
    contract's probes and `private_paths`. `connections` limits concurrent requests per address, 0 for none.
    `log_clients`: whether the access log has client addresses.
    """

    mode: Literal["managed", "system"] = "managed"
    listen: Addresses = ("127.0.0.1:8080",)
    nginx: str = "nginx"
    include: Path | None = None
    test: tuple[str, ...] = ("nginx", "-t")
    reload: tuple[str, ...] = ("nginx", "-s", "reload")
    trusted: Networks = ()
    private: Networks = ("127.0.0.0/8", "::1/128")
    private_paths: UrlPaths = ("/metrics", "/version", "/healthz")
    read_timeout: SomeSeconds = 75.0
    client_timeout: SomeSeconds = 20.0
    body_limit: Bytes = Field(default=32 * 1024**2, gt=0)
    buffering: bool = False
    connections: int = Field(default=256, ge=0)
    log_clients: bool = True

    @property
    def address(self) -> str:
        """Return the address for relctl's own requests through Nginx: the first, loopback for a wildcard."""
        return reachable(self.listen[0])

    @model_validator(mode="after")
    def _system_has_an_include(self) -> "Proxy":
        if self.mode == "system" and self.include is None:
            raise ValueError("mode: system needs include: the file that your Nginx includes")
        return self


class Ports(Section):
    """Published loopback ports, one per slot."""

    blue: int = Field(ge=1, le=65535)
    green: int = Field(ge=1, le=65535)


class Network(Section):
    """Fixed slot addresses on a bridge (`subnet`), or published ports if the bridge is unreachable."""

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


# Nginx variable names are words; Nginx maps a header's hyphens to underscores, but not a cookie's.
_STICKY = r"cookie:[A-Za-z0-9_]{1,60}|header:[A-Za-z0-9-]{1,60}"
Percent = Annotated[int, Field(ge=1, le=99, strict=True)]


def rising(steps: Sequence[int]) -> None:
    """Raise ValueError unless each step is larger than the previous one."""
    if list(steps) != sorted(set(steps)):
        raise ValueError("each step must be larger than the previous one, like [5, 25]")


class Rollout(Section):
    """Patience of a rollout, and how much worse than the previous release a release may be.

    It gets `canary` percent of the traffic first, step by step, by request or by client (`sticky`).
    It is observed for `observe` in each step and after the switch, or `until` there is enough evidence, which
    sets `observe` too. If traffic is `too_few`, it may be observed for `wait_at_most` longer.
    `max_error_rate` is the allowed increase of the failure rate, `max_p95_ratio` the allowed p95 ratio.
    `drain` is how long to wait for a slot's last requests before it is emptied; by default as long as Nginx
    waits for an answer.
    """

    ready_within: Seconds = 60.0
    canary: tuple[Percent, ...] = ()
    sticky: str = ""
    observe: Seconds = 0.0
    until: SomeUntil | None = None
    min_requests: int = Field(default=100, ge=1)
    max_error_rate: float = Field(default=0.002, ge=0, lt=1, allow_inf_nan=False)
    max_p95_ratio: float = Field(default=1.25, ge=1, allow_inf_nan=False)
    too_few: Literal["keep", "wait", "accept", "rollback"] = "keep"
    wait_at_most: Seconds = 600.0
    drain: Seconds | None = None

    @model_validator(mode="before")
    @classmethod
    def _until_has_a_time(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not data.get("until"):
            return data
        if data.get("observe") is not None:
            raise ValueError("until has a time already: leave out observe (RELCTL_ROLLOUT_OBSERVE too)")
        try:
            return data | {"observe": f"{until(data['until']).seconds:f}s"}
        except ValueError:  # reported at `until` itself
            return data

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
            raise ValueError("canary needs observe or until: how long to observe each step, like 30m")
        return self


class Environment(Section):
    """One environment: engine, state directory, proxy, network, limits, rollout policy.

    `pipeline`: what a release must pass before promotion; `max_age`: the maximum age of its evidence.
    """

    secret = frozenset({"notify"})  # webhook URLs and program arguments

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
    """Override the file by `RELCTL_<KEY>` variables: RELCTL_PROXY_LISTEN is proxy.listen."""
    data, overrides = copy.deepcopy(document.data), {}
    for where, name, is_text in _variables(Environment):
        if name in environ:
            overrides[where] = name
            _lay(data, where, environ[name] if is_text else _scalar(name, environ[name]))
    return replace(document, data=data, overrides=overrides)


def _scalar(name: str, text: str) -> Any:
    try:
        return plain(text, name)
    except (yaml.YAMLError, ValueError):
        raise ConfigError(
            f"{name} cannot be read as a value (not shown, it may be a secret)", f"unset {name}"
        ) from None


def _lay(data: dict[Any, Any], where: KeyPath, value: Any) -> None:
    """Set a value deep in `data`; leave a section of the wrong type for validation to report."""
    for part in where[:-1]:
        data[part] = {} if data.get(part) is None else data[part]
        if not isinstance(data[part], dict):
            return
        data = data[part]
    data[where[-1]] = value


def _variables(model: type[BaseModel], above: KeyPath = ()) -> Iterator[tuple[KeyPath, str, bool]]:
    """Yield each value's key path, the variable that overrides it, and whether that is taken as text."""
    for name, info in model.model_fields.items():
        where = (*above, name)
        sections = set() if get_origin(info.annotation) is list else models_in(info.annotation)
        for section in sections:
            yield from _variables(section, where)
        if not sections:  # a whole list is one value
            is_text = bool({str, Path} & {info.annotation, *get_args(info.annotation)})
            yield where, "_".join(["RELCTL", *map(str, where)]).upper(), is_text
