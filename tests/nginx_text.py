"""Nginx's configuration as it means it: directives with their words, blocks inside blocks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_WORD = re.compile(
    r"""\s+|\#[^\n]*|(?P<mark>[{};])"""
    r"""|"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>(?:\$\{\w+\}|[^\s;{}])+)"""
)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0}
_BYTES = {"k": 1024, "m": 1024**2}


@dataclass
class Block:
    """A block: its directives in order, each with its words, and the blocks in it."""

    words: tuple[str, ...] = ()
    directives: list[tuple[str, ...]] = field(default_factory=list)
    blocks: list["Block"] = field(default_factory=list)

    def within(self, *words: str) -> "Block":
        """The one block in it whose words begin like this."""
        [found] = [block for block in self.blocks if block.words[: len(words)] == words]
        return found

    def all(self, name: str) -> list[str]:
        """What each directive of a name says."""
        return [" ".join(rest) for first, *rest in self.directives if first == name]

    def one(self, name: str) -> str:
        """What the only directive of a name says."""
        [found] = self.all(name)
        return found

    def seconds(self, name: str) -> float:
        number, unit = re.fullmatch(r"(\d+)(ms|s|m)", self.one(name)).groups()  # type: ignore[union-attr]
        return int(number) * _SECONDS[unit]

    def bytes(self, name: str) -> int:
        number, unit = re.fullmatch(r"(\d+)([km])", self.one(name)).groups()  # type: ignore[union-attr]
        return int(number) * _BYTES[unit]

    def told(self) -> dict[str, list[str]]:
        """Everything that its directives say, by their names."""
        return {name: self.all(name) for name, *_ in self.directives}


def parse(text: str) -> Block:
    """Read a configuration; raises ValueError where a block does not end."""
    return _block(_words(text), ())


def _block(words: Iterator[str], named: tuple[str, ...]) -> Block:
    found, statement = Block(named), list[str]()
    for word in words:
        if word == ";":
            found.directives.append(tuple(statement))
        elif word == "{":
            found.blocks.append(_block(words, tuple(statement)))
        elif word == "}":
            return found
        else:
            statement.append(word.removeprefix("="))
            continue
        statement = []
    if named:
        raise ValueError(f"{named} does not end")
    return found


def _words(text: str) -> Iterator[str]:
    """Marks, and words with a `=` before them, which keeps a quoted `;` apart from one that ends."""
    for found in _WORD.finditer(text):
        kind = found.lastgroup
        if kind == "mark":
            yield found[0]
        elif kind is not None:
            yield f"={found[kind]}"
