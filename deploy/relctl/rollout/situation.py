"""Read pointer, slots and ledger of an environment together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from relctl.engine.labels import TAG
from relctl.engine.protocol import Container
from relctl.engine.slots import SLOTS, other
from relctl.errors import EngineError, UsageError
from relctl.proxy.route import main_slot
from relctl.rollout.host import Host
from relctl.state.event import Event
from relctl.state.ledger import History

SETTLED = ("promoted", "rolled-back", "repaired")
Kind = Literal["promote", "rollback"]
BEGUN: dict[Kind, str] = {"promote": "promoting", "rollback": "rolling-back"}
DONE: dict[Kind, str] = {"promote": "promoted", "rollback": "rolled-back"}
ENDED = (*SETTLED, "aborted")
BRIEFLY = 0.3  # seconds a rollback waits for the engine: it usually answers in 0.01, and users wait


@dataclass(frozen=True)
class Situation:
    """The three sources of truth: `pointer` for traffic, `slots` for containers, `events` for intent.

    `torn` and `damage`: unreadable parts of the ledger; `broken`: where it was edited manually. `astray`:
    what is wrong with a pointer that leads to no route. `blind`: why the engine could not be queried; `slots`
    then holds what was started, which may not run.
    """

    pointer: str
    slots: Mapping[str, Container | None]
    events: Sequence[Event]
    torn: str = ""
    damage: Sequence[UsageError] = ()
    astray: str = ""
    blind: str = ""
    broken: str = ""

    @property
    def live(self) -> str:
        """Return the slot with the traffic, or with all but a canary's share; "" without traffic."""
        return main_slot(self.pointer)

    @property
    def idle(self) -> str:
        """Return the slot that a new release may use."""
        return other(self.live) if self.live else SLOTS[0]

    def container(self, slot: str) -> Container | None:
        """Return the container in a slot; `slot` may be ""."""
        return self.slots.get(slot)

    def tag(self, slot: str) -> str:
        """Return the tag of the release in a slot, "" when it is empty."""
        container = self.slots.get(slot)
        return container.labels.get(TAG, "") if container else ""

    @property
    def live_tag(self) -> str:
        """Return the tag with the traffic, even while its container is gone; "" without traffic."""
        meant = self.meant
        if meant is not None and meant.slot == self.live and not self.tag(self.live):
            return meant.tag
        return self.tag(self.live)

    @property
    def meant(self) -> Event | None:
        """Return the last event that settled where traffic goes, None before the first promote."""
        return settled(self.events)


def settled(events: Sequence[Event]) -> Event | None:
    """Return the last event that settled where traffic goes, None before the first promote."""
    return next((event for event in reversed(events) if event.event in SETTLED), None)


def look(host: Host) -> Situation:
    """Read pointer, slots and ledger; change nothing. Raises UsageError for a damaged ledger."""
    return compare(host, host.ledger.read())


def look_at_once(host: Host) -> Situation:
    """Read them without waiting for an engine that is dead, hangs or is slow."""
    return compare_at_once(host, host.ledger.read(), BRIEFLY)


def look_again(host: Host, situation: Situation) -> Situation:
    """Read them again, as patiently as before."""
    return look_at_once(host) if situation.blind else look(host)


def compare(host: Host, history: History) -> Situation:
    """Read pointer and slots beside a known ledger; change nothing. Raises EngineError."""
    return _beside(host, history, host.slots())


def compare_at_once(host: Host, history: History, within: float) -> Situation:
    """Do the same, waiting for the engine for at most `within` seconds."""
    try:
        return _beside(host, history, host.slots(within))
    except EngineError as error:
        return _beside(host, history, host.remembered_slots(), error.message)


def _beside(
    host: Host, history: History, slots: Mapping[str, Container | None], blind: str = ""
) -> Situation:
    pointer = host.proxy.pointer
    return Situation(
        pointer.read(),
        slots,
        history.events,
        history.torn,
        history.damage,
        pointer.astray(),
        blind,
        history.broken,
    )
