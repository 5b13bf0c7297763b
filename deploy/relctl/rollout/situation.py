"""How an environment stands: pointer, slots and ledger, read together and compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from relctl.engine.protocol import Container
from relctl.engine.slots import SLOTS, TAG, other
from relctl.errors import UsageError
from relctl.proxy.route import main_slot
from relctl.rollout.host import Host
from relctl.state.event import Event
from relctl.state.ledger import History

SETTLED = ("promoted", "rolled-back", "repaired")
Kind = Literal["promote", "rollback"]
BEGUN: dict[Kind, str] = {"promote": "promoting", "rollback": "rolling-back"}
DONE: dict[Kind, str] = {"promote": "promoted", "rollback": "rolled-back"}
ENDED = (*SETTLED, "aborted")


@dataclass(frozen=True)
class Situation:
    """The three truths: `pointer` about traffic, `slots` about containers, `events` about intent.

    `torn` and `damage`: what cannot be read of the ledger. `astray`: what is wrong with a pointer that leads
    to no route.
    """

    pointer: str
    slots: Mapping[str, Container | None]
    events: Sequence[Event]
    torn: str = ""
    damage: Sequence[UsageError] = ()
    astray: str = ""

    @property
    def live(self) -> str:
        """The slot that takes traffic, or all but a canary's; "" while none does."""
        return main_slot(self.pointer)

    @property
    def idle(self) -> str:
        """The slot that a new release may use."""
        return other(self.live) if self.live else SLOTS[0]

    def container(self, slot: str) -> Container | None:
        """What is in a slot; `slot` may be ""."""
        return self.slots.get(slot)

    def tag(self, slot: str) -> str:
        """The tag of what is in a slot, "" when it is empty."""
        container = self.slots.get(slot)
        return container.labels.get(TAG, "") if container else ""

    @property
    def live_tag(self) -> str:
        """The tag that has the traffic, also while its container is gone; "" while none has."""
        meant = self.meant
        if meant is not None and meant.slot == self.live and not self.tag(self.live):
            return meant.tag
        return self.tag(self.live)

    @property
    def meant(self) -> Event | None:
        """The last event that settled where traffic goes, None before the first promote."""
        return settled(self.events)


def settled(events: Sequence[Event]) -> Event | None:
    """Return the last event that settled where traffic goes, None before the first promote."""
    return next((event for event in reversed(events) if event.event in SETTLED), None)


def look(host: Host) -> Situation:
    """Read pointer, slots and ledger; changes nothing. Raises UsageError for a damaged ledger."""
    return compare(host, host.ledger.read())


def compare(host: Host, history: History) -> Situation:
    """Read pointer and slots beside what is known of the ledger; changes nothing."""
    pointer = host.proxy.pointer
    return Situation(
        pointer.read(), host.slots(), history.events, history.torn, history.damage, pointer.astray()
    )
