"""Lists what can be asked of the service: the table that its description is made from."""

from dataclasses import dataclass, field
from typing import Any

JSON = "application/json"
BODY_ERRORS = (400, 413, 415, 422, 503, 504)
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Example:
    """A request and its answer; a test asks for it, so it is true."""

    name: str
    request: Any
    answer: Any


@dataclass(frozen=True)
class Operation:
    """One method of one path.

    `requests` has the shapes of the body by content type; `answer` is the shape of the answer, or
    its content type where that is not JSON; `query` has the values that a parameter may have.
    """

    method: str
    path: str
    summary: str
    description: str
    answer: Any
    requests: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    examples: tuple[Example, ...] = ()
    query: dict[str, tuple[str, ...]] = field(default_factory=dict)
    errors: tuple[int, ...] = ()


@dataclass(frozen=True)
class Section:
    """Operations that belong together, under a heading."""

    name: str
    description: str
    operations: tuple[Operation, ...]
