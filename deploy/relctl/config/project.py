"""The project a command works on: root, versions.yaml, an environment, and where each value comes from."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relctl.config.document import Document, KeyPath, dotted, read
from relctl.config.environment import Environment, override
from relctl.config.validate import Section, may_be_secret, validate
from relctl.config.versions import Versions
from relctl.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from relctl.config.pipeline import Pipeline

VERSIONS = "versions.yaml"
ENVIRONMENTS = "deploy/environments"
DEFAULT, DERIVED = "default", "derived"


@dataclass(frozen=True)
class Project:
    """The context of every command: `root` is absolute, `name` is the environment's.

    `overrides` maps keys of its file to the variables that override them.
    """

    root: Path
    versions: Versions
    name: str
    environment: Environment
    overrides: Mapping[str, str] = field(default_factory=dict)

    @property
    def state_dir(self) -> Path:
        """Return the state directory; a relative one is relative to the project.

        It is resolved, so that every spelling of a path means the same Nginx and the same containers.
        """
        return (self.root / self.environment.state_dir.expanduser()).resolve()

    def pipeline(self) -> "Pipeline":
        """Return the pipeline that a release must pass in this environment; raises ConfigError."""
        from relctl.config.pipeline import load_pipeline  # not needed by a warm rollback

        return load_pipeline(self.root, self.environment.pipeline)


def load(start: Path | None, name: str, environ: Mapping[str, str] = os.environ) -> Project:
    """Load the project at `start`, else the nearest one above the working directory."""
    root = find_root(start)
    versions = validate(read(root / VERSIONS), Versions)
    document = read_environment(root, name, environ)
    overrides = {dotted(key): variable for key, variable in document.overrides.items()}
    return Project(root, versions, name, validate(document, Environment), overrides)


def read_environment(root: Path, name: str, environ: Mapping[str, str]) -> Document:
    """Read one environment of the project, with `RELCTL_<KEY>` variables applied."""
    if re.fullmatch(r"[a-z0-9]+(?:[._-][a-z0-9]+)*", name) is None:
        raise ConfigError(f"{name!r} is not an environment name: lower-case letters, digits, single . _ -")
    path = root / ENVIRONMENTS / f"{name}.yaml"
    if not path.is_file():
        known = sorted(file.stem for file in (root / ENVIRONMENTS).glob("*.yaml"))
        raise ConfigError(
            f"{path}: there is no environment {name!r}",
            f"relctl --env {known[0]} …  (known: {', '.join(known)})" if known else "",
        )
    return override(read(path, environ), environ)


def find_root(start: Path | None) -> Path:
    """Return the folder with versions.yaml: `start`, else the nearest one above the working directory."""
    if start is not None:
        if not (start / VERSIONS).is_file():
            raise UsageError(f"{start} holds no {VERSIONS}", "relctl --project DIR …")
        return start.resolve()
    here = Path.cwd().resolve()
    for folder in (here, *here.parents):
        if (folder / VERSIONS).is_file():
            return folder
    raise UsageError(f"no {VERSIONS} in {here} or above it", "cd into a project, or relctl --project DIR …")


@dataclass(frozen=True)
class Value:
    """A key and its value, times in seconds and sizes in bytes; one that may be a secret is `hidden`.

    `source`: `file:line`, the name of a variable, `default`, or `derived` where it follows from other keys.
    """

    key: str
    value: Any
    source: str
    hidden: bool = False


def effective(root: Path, name: str, environ: Mapping[str, str]) -> list[Value]:
    """Return the values of versions.yaml and of an environment; raises ConfigError."""
    versions, environment = read(root / VERSIONS), read_environment(root, name, environ)
    return [
        *_values(root, versions, validate(versions, Versions), {}),
        *_values(root, environment, validate(environment, Environment), dict(_leaves(Environment()))),
    ]


def _values(
    root: Path, document: Document, section: Section, defaults: Mapping[KeyPath, Any]
) -> Iterator[Value]:
    for where, value in _leaves(section):
        source = _source(root, document, where)
        hidden = source != DEFAULT and may_be_secret(document, type(section), where)
        if source == DEFAULT and defaults.get(where, value) != value:
            source = DERIVED
        yield Value(dotted(where), None if hidden else value, source, hidden)


def _source(root: Path, document: Document, where: KeyPath) -> str:
    for laid, variable in document.overrides.items():
        if where[: len(laid)] == laid:
            return variable
    if where in document.lines:
        return f"{document.path.relative_to(root)}:{document.lines[where]}"
    return DEFAULT


def _leaves(section: Section) -> Iterator[tuple[KeyPath, Any]]:
    return _below((), section.model_dump(mode="json", by_alias=True))


def _below(where: KeyPath, value: Any) -> Iterator[tuple[KeyPath, Any]]:
    """Yield the values that are no mappings with something in them, each below its key path."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _below((*where, key), inner)
    else:
        yield where, value
