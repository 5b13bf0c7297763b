"""Define an observation's window, as the ledger keeps it: any process can continue it."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from relctl.errors import UsageError
from relctl.proxy.access_log_file import Mark
from relctl.state.event import Event
from relctl.state.history import History, closes

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


def taken_over(pointed: Event | None) -> Mark | None:
    """Return where the log ended when `pointed` gave a release traffic; None where that was not recorded."""
    try:
        return Mark.of(pointed.details["log"]) if pointed else None
    except (KeyError, TypeError, ValueError):  # from an older version, or damaged
        return None


def open_window(history: History) -> Window | None:
    """Return the open window of the live release, or of one about to be live; raises UsageError as `of`."""
    return Window.of(history.open_window) if history.open_window else None


def refused_window(history: History) -> Event | None:
    """Return the verdict that refused the live release while it still has the traffic; None otherwise."""
    window, last = open_window(history), history.verdict
    refused = last and window and last.image_id == window.image_id and not closes(last)
    return last if refused else None


def last_baseline(history: History, image_id: str) -> "Figures | None":
    """Return the baseline of the newest window of an image, None where none was recorded."""
    opened = history.windows.get(image_id)
    return Window.of(opened).baseline if opened else None
