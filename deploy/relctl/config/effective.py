"""Every value that applies here, and where it comes from: a file's line, a variable, or nobody said it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relctl.config.document import Document, KeyPath, dotted, read
from relctl.config.environment import Environment
from relctl.config.project import VERSIONS, read_environment
from relctl.config.validate import Section, may_be_secret, validate
from relctl.config.versions import Versions

DEFAULT, DERIVED = "default", "derived"


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
