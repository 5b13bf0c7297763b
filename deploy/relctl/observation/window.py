"""Define an observation's window, as the ledger keeps it: any process can continue it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from relctl.errors import UsageError
from relctl.proxy.access_log_file import Mark
from relctl.state.event import Event
from relctl.state.history import SETTLED

if TYPE_CHECKING:
    from relctl.observation.figures import Figures


@dataclass(frozen=True)
class Window:
    """A release observed in `slot` from `since` (seconds since 1970) on, against what `source` did before.

    `mark`: where the access log ended then. It separates releases even if clocks are set or slots are reused.
    None where there was no log, or an older version opened the window. `baseline` is None where too little
    was known about the previous release.
    """

    tag: str
    image_id: str
    slot: str
    source: str
    since: float
    seconds: float
    baseline: "Figures | None" = None
    mark: Mark | None = None

    @classmethod
    def of(cls, event: Event) -> "Window":
        """Return the window that an `observing` event opened; raises UsageError if it was edited badly."""
        from relctl.observation.figures import Figures  # imported here: seldom is a window read

        found: dict[str, Any] = event.details
        try:
            baseline = Figures(**found["baseline"]) if found.get("baseline") else None
            since, seconds = float(found["since"]), float(found["seconds"])
            mark = Mark.of(found["log"]) if found.get("log") else None
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(
                f"the ledger's event observing of {event.at} is incomplete: {type(error).__name__}: {error}",
                f"grep -n {event.at} in the ledger finds it; fix or remove that line",
            ) from None
        return cls(event.tag, event.image_id, event.slot, event.source, since, seconds, baseline, mark)

    def opened(self) -> Event:
        """Return the event that opens it."""
        details: dict[str, Any] = {"since": round(self.since, 3), "seconds": self.seconds}
        if self.baseline:
            details["baseline"] = asdict(self.baseline)
        return self._event("observing", **details, **logged(self.mark))

    def pointed(self, percent: int) -> Event:
        """Return the event that records its `percent` of the traffic."""
        return self._event("pointed", percent=percent, **logged(self.mark))

    def closed(self, reason: str, **details: Any) -> Event:
        """Return the event that closes it."""
        return self._event("observed", reason, **details)

    def left(self, now: float) -> float:
        """Return the seconds left; a clock that was set back gives no more than the whole window."""
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


def logged(mark: Mark | None) -> dict[str, Any]:
    """Return the members that place an event in the log: what follows belongs to the new release."""
    return {"log": mark.as_json()} if mark else {}


def taken_over(events: Sequence[Event], slot: str) -> Mark | None:
    """Return where the log ended when a slot's release took over; None where that was not recorded."""
    pointed = (event for event in reversed(events) if event.event == "pointed" and event.slot == slot)
    found = next(pointed, None)
    try:
        return Mark.of(found.details["log"]) if found else None
    except (KeyError, TypeError, ValueError):  # from an older version, or damaged
        return None


def open_window(events: Sequence[Event]) -> Window | None:
    """Return the open window of the live release, or of one about to be live.

    A refused window stays open until its release has lost the traffic: relctl may have been killed before.
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
    """Return the verdict that refused the live release while it still has the traffic; None otherwise."""
    window = open_window(events)
    last = next((each for each in reversed(events) if each.event == "observed"), None)
    refused = last and window and last.image_id == window.image_id and not _closes(last)
    return last if refused else None


def _closes(event: Event) -> bool:
    if event.event == "observed":
        return bool(event.details.get("accepted", True))
    return event.event == "aborted"


def last_baseline(events: Sequence[Event], image_id: str) -> "Figures | None":
    """Return the baseline of the newest window of an image, None where none was recorded."""
    windows = (
        Window.of(event)
        for event in reversed(events)
        if event.event == "observing" and event.image_id == image_id
    )
    return next((window.baseline for window in windows), None)
