"""Limits on YAML size: a few lines of aliases can expand to more values than fit into memory."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from relctl.errors import ConfigError

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MOST_REPEATED = 10_000  # values, on top of those written in the file
_DEEPEST = 100  # levels; some thousands more crash libyaml's composer


def composed(text: str, where: str) -> yaml.Node | None:
    """Return the node tree of a text; raises yaml.YAMLError, and ConfigError beyond the limits."""
    _insist_on_depth(text, where)
    root = yaml.compose(text, Loader=LOADER)
    if root is not None:
        _insist_on_size(root, where)
    return root


def plain(text: str, where: str) -> Any:
    """Return the value of a single text, such as a variable's; raises like `composed`, and ValueError."""
    if "*" in text or len(text) > _DEEPEST:  # otherwise it cannot exceed the limits
        composed(text, where)
    return yaml.load(text, Loader=LOADER)  # noqa: S506 - a safe loader


def _insist_on_depth(text: str, where: str) -> None:
    """Count levels on the parser's events, which unlike composing needs no stack."""
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            mark = event.start_mark
            line = mark.line + 1 if mark else 1
            raise ConfigError(f"{where}:{line}: nested deeper than {_DEEPEST} levels; no valid file is")


def _insist_on_size(root: yaml.Node, where: str) -> None:
    sizes = _Sizes({})
    size = sizes.of(root)
    if size == math.inf:
        raise ConfigError(f"{where}: nested without end; an alias contains itself")
    if size - len(sizes.known) > _MOST_REPEATED:
        line = sizes.largest(root).start_mark.line + 1
        raise ConfigError(
            f"{where}:{line}: aliases repeat more than {_MOST_REPEATED:,} values; write the values out"
        )


@dataclass(frozen=True)
class _Sizes:
    """The number of values each node expands to, by identity; infinite if it contains itself."""

    known: dict[int, float]

    def of(self, node: yaml.Node) -> float:
        if id(node) not in self.known:
            self.known[id(node)] = math.inf  # until known, to detect a node inside itself
            self.known[id(node)] = 1 + sum(self.of(child) for child in _children(node))
        return self.known[id(node)]

    def largest(self, node: yaml.Node) -> yaml.Node:
        """Return the innermost node that is too large: it has the aliases."""
        for child in _children(node):
            if self.of(child) > _MOST_REPEATED:
                return self.largest(child)
        return node


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from (key, value)
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value
