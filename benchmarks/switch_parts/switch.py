"""One switch of a way of switching, and the time within which either of the two releases may answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple


class Switched(NamedTuple):
    """Between `since` and `until`, on the monotonic clock, either release may answer; then only the new one.

    `moved_ms` is what relctl itself says of its move of the pointer.
    """

    since: float
    until: float
    moved_ms: float | None = None


@dataclass(frozen=True)
class Switch:
    """One command: `act` does it, and after it `release` answers.

    `moves` is how often it changes where requests go: a canary's steps count, and the whole after them.
    """

    release: str
    act: Callable[[], Switched]
    moves: int = 1
