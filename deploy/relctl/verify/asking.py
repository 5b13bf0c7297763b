"""Request translations from a release: all of them, or the reason why some are missing."""

import time
from collections.abc import Callable, Sequence

from relctl.errors import RelctlError
from relctl.probe import translation
from relctl.probe.traffic import Plan
from relctl.verify.candidate import Candidate

_EVERY = 2.0  # seconds between progress messages


class NoTranslationError(RelctlError):
    """A release did not translate what it was sent."""


def translate(release: Candidate, texts: Sequence[str], plan: Plan, say: Callable[[str], None]) -> list[str]:
    """Return the translations of all texts, in order; raises NoTranslationError with the first errors."""
    replies = release.send(texts, plan, progress(len(texts), say))
    found = [translation.read(reply, plan.ask) for reply in replies]
    wrong = [f"text {number + 1}: {words}" for number, (_, words) in enumerate(found) if words]
    if wrong:
        raise NoTranslationError(
            f"{len(wrong)} of {len(texts)} texts got no translation from {release.called}: "
            f"{'; '.join(wrong[:3])}"
        )
    return [text for text, _ in found]


def progress(total: int, say: Callable[[str], None], what: str = "requests") -> Callable[[int], None]:
    """Return the callback that reports a load's number of replies so far."""
    next_time = time.monotonic() + _EVERY

    def done(number: int) -> None:
        nonlocal next_time
        if number < total and time.monotonic() >= next_time:
            next_time = time.monotonic() + _EVERY
            say(f"  {number} of {total} {what}")

    return done
