"""The window of an observation, as the ledger keeps it: whoever finds it open can go on."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from relctl.errors import UsageError
from relctl.rollout.observation.figures import Figures
from relctl.rollout.situation import SETTLED
from relctl.state.event import Event


@dataclass(frozen=True)
class Window:
    """A release is watched in `slot` from `since` (seconds since 1970) on, against what `source` did before.

    `baseline` is None where too little was known about that.
    """

    tag: str
    image_id: str
    slot: str
    source: str
    since: float
    seconds: float
    baseline: Figures | None = None

    @classmethod
    def of(cls, event: Event) -> "Window":
        """Return the window that an event `observing` opened; raises UsageError if a hand has spoilt it."""
        found: dict[str, Any] = event.details
        try:
            baseline = Figures(**found["baseline"]) if found.get("baseline") else None
            since, seconds = float(found["since"]), float(found["seconds"])
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(
                f"the ledger's event observing of {event.at} is not whole: {type(error).__name__}: {error}",
                f"grep -n {event.at} in the ledger finds it; mend it or remove that line",
            ) from None
        return cls(event.tag, event.image_id, event.slot, event.source, since, seconds, baseline)

    def opened(self) -> Event:
        """The event that opens it."""
        details: dict[str, Any] = {"since": round(self.since, 3), "seconds": self.seconds}
        if self.baseline:
            details["baseline"] = asdict(self.baseline)
        return self._event("observing", **details)

    def pointed(self, percent: int) -> Event:
        """The event that says that it gets so much of the traffic."""
        return self._event("pointed", percent=percent)

    def closed(self, reason: str, **details: Any) -> Event:
        """The event that closes it."""
        return self._event("observed", reason, **details)

    def left(self, now: float) -> float:
        """How many seconds are left; a clock that was set back gives no more than all of them."""
        return min(max(self.since + self.seconds - now, 0.0), self.seconds)

    def _event(self, name: str, reason: str = "", **details: Any) -> Event:
        return Event(
            name,
            tag=self.tag,
            image_id=self.image_id,
            slot=self.slot,
            source=self.source,
            reason=reason,
            details=details,
        )


def open_window(events: Sequence[Event]) -> Window | None:
    """Return the window of what is live, or is about to be, that nothing has closed yet.

    One that was refused is open until its release has lost the traffic: relctl may have been killed before.
    """
    live, closed = "", set[str]()
    for event in reversed(events):
        if _closes(event):
            closed.add(event.image_id)
        elif event.event in SETTLED:
            if live and event.image_id != live:
                return None
            live = event.image_id
        elif event.event == "observing" and event.image_id not in closed:
            return Window.of(event) if live in ("", event.image_id) else None
    return None


def refused_window(events: Sequence[Event]) -> Event | None:
    """Return the verdict that refused what is live, where it has the traffic still; None where none did."""
    window = open_window(events)
    last = next((each for each in reversed(events) if each.event == "observed"), None)
    refused = last and window and last.image_id == window.image_id and not _closes(last)
    return last if refused else None


def _closes(event: Event) -> bool:
    if event.event == "observed":
        return bool(event.details.get("accepted", True))
    return event.event == "aborted"


def last_baseline(events: Sequence[Event], image_id: str) -> Figures | None:
    """Return what the newest window of an image was held against, None where nothing was recorded."""
    windows = (
        Window.of(event)
        for event in reversed(events)
        if event.event == "observing" and event.image_id == image_id
    )
    return next((window.baseline for window in windows), None)
