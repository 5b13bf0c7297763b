"""Fold the ledger's events once: how far the last move has come, and what an environment can roll back to."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from relctl.state.event import Event

Kind = Literal["promote", "rollback"]
BEGUN: dict[Kind, str] = {"promote": "promoting", "rollback": "rolling-back"}
DONE: dict[Kind, str] = {"promote": "promoted", "rollback": "rolled-back"}
SETTLED = ("promoted", "rolled-back", "repaired")
ENDED = (*SETTLED, "aborted")

# "observed": the observation after the switch has accepted the release. "repaired": reconciled otherwise.
End = Literal["promoted", "rolled-back", "repaired", "aborted"]
Phase = Literal["starting", "canary", "switched", "observing", "observed", "refused"] | End
_KINDS: dict[str, Kind] = {event: kind for kind, event in BEGUN.items()}
_ENDS: dict[str, End] = {each: each for each in get_args(End)}


@dataclass(frozen=True)
class Deployment:
    """A promote or rollback as far as the ledger tells; a kill leaves it in the phase that it had reached.

    `begun` is the event that announced it, `pointed` the last one that sent traffic to its release, a
    canary's share too. `refusal`: why an observation refused it. `is_observed`: whether the observation
    after the switch has begun.
    """

    begun: Event
    phase: Phase = "starting"
    percent: int = 0
    pointed: Event | None = None
    refusal: str = ""
    is_observed: bool = False

    @property
    def kind(self) -> Kind:
        """Return whether it promotes or rolls back."""
        return _KINDS[self.begun.event]

    @property
    def is_over(self) -> bool:
        """Return whether it has an end."""
        return self.phase in ENDED

    def after(self, event: Event) -> "Deployment":
        """Return how far it has come after the ledger's next event; a refusal lasts until the end."""
        if event.event in _ENDS:
            return replace(self, phase=_ENDS[event.event])
        found = self
        if event.event == "pointed":
            percent = event.details.get("percent", 0)
            found = replace(self, phase="canary" if percent else "switched", percent=percent, pointed=event)
        elif event.event == "observing":
            found = replace(self, phase="observing", is_observed=True)
        elif event.details.get("accepted") is False:
            found = replace(self, phase="refused", refusal=self.refusal or event.reason or "it was refused")
        elif event.event == "observed" and self.phase == "observing":
            found = replace(self, phase="observed")
        return replace(found, phase="refused") if self.phase == "refused" else found


@dataclass(frozen=True)
class Retained:
    """A release that took traffic here: its tag, the exact image, its evidence."""

    tag: str
    image_id: str
    evidence: str


@dataclass
class History:
    """What the events of a ledger come to; `fold` makes it.

    `last`: the last promote or rollback. `settled`: the last event that settled where traffic goes, None
    before the first promote. `promotes`: every finished promote, oldest first. `pinned`: the image id of each
    pinned release by its tag. `verdict`: the last `observed`. `stopped`: no move came after `relctl down`.

    By image id: `windows`, its last `observing`; `verdicts`, its last `observed`; `lost`, the event by which
    it lost what its last move gave it, None while it has that. By slot: `pointed`, the last one to it.
    """

    last: Deployment | None = None
    settled: Event | None = None
    promotes: list[Event] = field(default_factory=list)
    pinned: dict[str, str] = field(default_factory=dict)
    verdict: Event | None = None
    stopped: bool = True
    windows: dict[str, Event] = field(default_factory=dict)
    verdicts: dict[str, Event] = field(default_factory=dict)
    lost: dict[str, Event | None] = field(default_factory=dict)
    pointed: dict[str, Event] = field(default_factory=dict)
    _pruned: dict[str, int] = field(default_factory=dict)  # how many promotes came before, by image id
    _open: list[tuple[Event, bool]] = field(default_factory=list)  # windows; whether theirs is live

    @property
    def unfinished(self) -> Deployment | None:
        """Return the promote or rollback that has no end, None when all have ended."""
        return None if self.last is None or self.last.is_over else self.last

    @property
    def open_window(self) -> Event | None:
        """Return the `observing` of the live release, or of one about to be live, while nothing closed it.

        A refused window stays open until its release has lost the traffic, as relctl may be killed before.
        """
        window, is_live = self._open[-1] if self._open else (None, False)
        return window if is_live else None

    def brought(self, image_id: str) -> Event | None:
        """Return the last promote of an image, finished or not: a window may delay `promoted` by an hour."""
        running = self.unfinished
        if running and running.kind == "promote" and running.begun.image_id == image_id:
            return running.begun
        return next((each for each in reversed(self.promotes) if each.image_id == image_id), None)

    def promoted(self) -> list[Retained]:
        """Return every release promoted and not pruned since, newest first, each once."""
        found: dict[str, Retained] = {}
        for number, event in reversed(list(enumerate(self.promotes))):
            if number >= self._pruned.get(event.image_id, 0):
                found.setdefault(event.tag, Retained(event.tag, event.image_id, event.evidence))
        return list(found.values())

    def retained(self, keep: int) -> list[Retained]:
        """Return the last `keep` promoted releases and all pinned ones, newest first."""
        return [
            each for number, each in enumerate(self.promoted()) if number < keep or each.tag in self.pinned
        ]

    def take(self, event: Event) -> None:
        """Take the ledger's next event."""
        if event.event in _KINDS:
            self.last = Deployment(event)
        elif self.unfinished:
            self.last = self.unfinished.after(event)
        if event.event in SETTLED:
            self._settle(event)
        if event.event in (*_KINDS, *ENDED, "stopped"):
            self.stopped = event.event == "stopped"
        if event.event in _KINDS or event.event in SETTLED:
            self.lost[event.image_id] = None
        elif event.event == "aborted" and self.lost.get(event.image_id, event) is None:
            self.lost[event.image_id] = event
        self._observe(event)
        self._keep(event)

    def _settle(self, event: Event) -> None:
        self.settled = event
        self._open = [(each, live and each.image_id == event.image_id) for each, live in self._open]
        for image_id, lost in self.lost.items():
            if lost is None and image_id != event.image_id:
                self.lost[image_id] = event

    def _observe(self, event: Event) -> None:
        if event.event == "pointed":
            self.pointed[event.slot] = event
        elif event.event == "observing":
            self.windows[event.image_id] = event
            self._open.append((event, True))
        elif event.event == "observed":
            self.verdict = self.verdicts[event.image_id] = event
        if closes(event):
            self._open = [(each, live) for each, live in self._open if each.image_id != event.image_id]

    def _keep(self, event: Event) -> None:
        if event.event == "promoted":
            self.promotes.append(event)
        elif event.event == "pruned":
            self._pruned[event.image_id] = len(self.promotes)
        elif event.event == "pinned":
            self.pinned[event.tag] = event.image_id
        elif event.event == "unpinned":
            self.pinned.pop(event.tag, None)


def fold(events: Sequence[Event]) -> History:
    """Return what events, oldest first, come to; pure, and no sequence of events is an error."""
    found = History()
    for event in events:
        found.take(event)
    return found


def closes(event: Event) -> bool:
    """Return whether an event closes its release's window: a refusal does not, its undo does."""
    if event.event == "observed":
        return bool(event.details.get("accepted", True))
    return event.event == "aborted"


def remembered(events: Sequence[Event]) -> list[Event]:
    """Return the events, newest first, without those of an image before it was pruned."""
    forgotten: set[str] = set()
    found = []
    for event in reversed(events):
        if event.event == "pruned":
            forgotten.add(event.image_id)
        elif event.image_id not in forgotten:
            found.append(event)
    return found
