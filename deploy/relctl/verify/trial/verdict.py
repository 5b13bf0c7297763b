"""Define a gate's verdict: pass or fail, the figures it rests on, and the reasons in words."""

import json
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Verdict:
    """The verdict of one gate; `figures` are plain JSON values with their unit in the name."""

    outcome: Literal["pass", "fail"]
    reasons: tuple[str, ...]
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """Return all reasons joined."""
        return "; ".join(self.reasons)


def writable(verdict: Verdict) -> Verdict:
    """Return the verdict as a file can hold it: a candidate's answer may contain lone surrogates."""
    reasons = tuple(_whole(reason) for reason in verdict.reasons)
    figures = json.loads(_whole(json.dumps(verdict.figures, ensure_ascii=False)))
    return Verdict(verdict.outcome, reasons, figures)


def _whole(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def passed(*reasons: str, **figures: Any) -> Verdict:
    """Return a passing verdict."""
    return Verdict("pass", reasons, figures)


def failed(*reasons: str, **figures: Any) -> Verdict:
    """Return a failing verdict."""
    return Verdict("fail", reasons, figures)
