"""YAML with positions: every value has its line, so that errors can name it."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import yaml

from relctl.errors import ConfigError

KeyPath = tuple[str | int, ...]
_VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<default>:[^}]*)?\}")
_COMMITTED = "variables are allowed in environments only: the commit must define a release"
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MOST_REPEATED = 10_000  # values, on top of those written in the file
_DEEPEST = 100  # levels; some thousands more crash libyaml's composer


@dataclass(frozen=True)
class Document:
    """A parsed file: `data` as plain values; by key path `lines` (from 1), the `raw` text, and in `overrides`
    the names of the variables that override the file.
    """

    path: Path
    data: dict[str, Any]
    lines: Mapping[KeyPath, int] = field(default_factory=dict)
    raw: Mapping[KeyPath, str] = field(default_factory=dict)
    overrides: Mapping[KeyPath, str] = field(default_factory=dict)

    def line(self, where: KeyPath) -> int:
        """Return the line of the key at `where`, or of its nearest parent in the file."""
        while where and where not in self.lines:
            where = where[:-1]
        return self.lines.get(where, 1)

    def place(self, where: KeyPath) -> str:
        """Return file, line and key, as the prefix of an error."""
        return f"{self.path}:{self.line(where)}: {dotted(where)}"


def contents(path: Path) -> bytes:
    """Return the bytes of a file; raises ConfigError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None


def read(path: Path, environ: Mapping[str, str] | None = None) -> Document:
    """Read and parse a file; raises ConfigError."""
    return parse(path, contents(path), environ)


def parse(path: Path, content: bytes, environ: Mapping[str, str] | None = None) -> Document:
    """Parse a YAML mapping; replace `${VAR:default}` in values from `environ`, or reject it without one.

    Raises ConfigError for bad UTF-8, a tab, a duplicate key, or an unset variable without a default.
    """
    return _Reader(path, environ).document(decoded(path, content))


def decoded(path: Path, content: bytes) -> str:
    """Return the text of a file; raises ConfigError with the line of the first byte that is not UTF-8."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: is not UTF-8; save it as UTF-8") from None


class _Reader:
    """Converts the nodes of one file into plain values and records their positions."""

    def __init__(self, path: Path, environ: Mapping[str, str] | None) -> None:
        self.path, self.environ = path, environ
        self.lines: dict[KeyPath, int] = {}
        self.raw: dict[KeyPath, str] = {}

    def document(self, text: str) -> Document:
        try:
            node = composed(text, str(self.path))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else 1
            raise ConfigError(f"{self.path}:{line}: {_in_words(text, line, error)}") from None
        except yaml.YAMLError as error:
            raise ConfigError(f"{self.path}: {error}") from None
        if not isinstance(node, yaml.MappingNode):
            raise ConfigError(f"{self.path}:1: the file must hold `key: value` lines")
        return Document(self.path, self.value(node, ()), self.lines, self.raw)

    def value(self, node: yaml.Node, where: KeyPath) -> Any:
        self.lines.setdefault(where, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, where)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*where, i)) for i, item in enumerate(node.value)]
        return self.scalar(node, where)

    def mapping(self, node: yaml.MappingNode, where: KeyPath) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.fail(line, where, "a key must be a word, not a list or a mapping")
            key = str(key_node.value)
            if key in found:
                first = self.lines[(*where, key)]
                self.fail(line, (*where, key), f"duplicate key; first used at line {first}")
            self.lines[(*where, key)] = line
            found[key] = self.value(value_node, (*where, key))
        return found

    def scalar(self, node: yaml.Node, where: KeyPath) -> Any:
        self.raw[where] = node.value
        text = _VARIABLE.sub(lambda match: self.variable(match, node, where), node.value)
        quoted = isinstance(node, yaml.ScalarNode) and node.style in ("'", '"', "|", ">")
        if quoted or (text == "" and node.value != ""):
            return text
        if not text:
            return None
        try:
            return plain(text, f"{self.path}:{node.start_mark.line + 1}: {dotted(where)}")
        except (yaml.YAMLError, ValueError):  # a date of the 45th, for example
            self.fail(node.start_mark.line + 1, where, f"{node.value!r} cannot be read as a value; quote it")

    def variable(self, match: re.Match[str], node: yaml.Node, where: KeyPath) -> str:
        if self.environ is None:
            self.fail(node.start_mark.line + 1, where, _COMMITTED)
        value = self.environ.get(match["name"])
        if value is not None:
            return value
        if match["default"] is None:
            name = match["name"]
            line = node.start_mark.line + 1
            self.fail(line, where, f"${{{name}}} is not set; set it, or write ${{{name}:default}}")
        return match["default"][1:]

    def fail(self, line: int, where: KeyPath, message: str) -> NoReturn:
        raise ConfigError(f"{self.path}:{line}: {dotted(where)}: {message}")


def dotted(where: KeyPath) -> str:
    """Format a key path: `cases[2].expect.status`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where)
    return text.lstrip(".") or "the file"


def _in_words(text: str, line: int, error: yaml.MarkedYAMLError) -> str:
    lines = text.splitlines()
    if 0 < line <= len(lines) and "\t" in lines[line - 1]:
        return "a tab; YAML wants spaces"
    return f"not YAML: {error.problem or error.context}"


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
