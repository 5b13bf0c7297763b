"""What a gate says: pass or fail, the figures it rests on, and the reason in words."""

from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Verdict:
    """The word of one gate; `figures` are plain JSON values with their unit in the name."""

    outcome: Literal["pass", "fail"]
    reason: str
    figures: dict[str, Any] = field(default_factory=dict)


def passed(reason: str, **figures: Any) -> Verdict:
    """Return a passing verdict."""
    return Verdict("pass", reason, figures)


def failed(reason: str, **figures: Any) -> Verdict:
    """Return a failing verdict."""
    return Verdict("fail", reason, figures)
