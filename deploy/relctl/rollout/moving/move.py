"""A move of the traffic: what is meant, as the ledger keeps it, and what it came to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from relctl.rollout.situation import BEGUN, Kind
from relctl.state.event import Event

# Members of an event: why it was promoted without proof; the gates that were off, and why each; what it was
# compared with, if that was not live.
NOTICES = ("forced", "off", "compared_with")


@dataclass(frozen=True)
class Move:
    """What is meant: bring `image_id` into `slot` and let it take over from `source` ("" at first).

    `replaced` is the image in the slot before, whose container comes back if the move fails; a `warm` move
    finds its release in the slot, ready, and touches no container. `previous` is the tag that is live.
    `notices` holds what must not be forgotten while the release is live, by the names in NOTICES.
    It gets `canary` percent of the traffic before the switch, and each of these steps, as the whole after it,
    is watched for `observe` seconds.
    """

    kind: Kind
    tag: str
    image_id: str
    slot: str
    source: str
    replaced: str = ""
    warm: bool = False
    evidence: str = ""
    reason: str = ""
    previous: str = ""
    notices: Mapping[str, Any] = field(default_factory=dict)
    canary: tuple[int, ...] = ()
    observe: float = 0.0

    @classmethod
    def of(cls, event: Event) -> "Move":
        """Return the move that an event of `BEGUN` announced."""
        kind: Kind = "promote" if event.event == BEGUN["promote"] else "rollback"
        return cls(
            kind,
            event.tag,
            event.image_id,
            event.slot,
            event.source,
            event.replaced,
            event.warm,
            event.evidence,
            event.reason,
            notices={name: event.details[name] for name in NOTICES if name in event.details},
            observe=float(event.details.get("observe", 0.0)),
        )

    def begun(self) -> Event:
        """Return the event that announces this move: what whoever finds it unfinished has to know."""
        details: dict[str, Any] = {"observe": self.observe} if self.observe else {}
        return self.event(BEGUN[self.kind], **details)

    def event(self, name: str, reason: str = "", **details: Any) -> Event:
        """Return an event about this move, to be appended."""
        return Event(
            name,
            tag=self.tag,
            image_id=self.image_id,
            slot=self.slot,
            source=self.source,
            replaced=self.replaced,
            warm=self.warm,
            evidence=self.evidence,
            reason=reason or self.reason,
            details={**self.notices, **details},
        )


@dataclass(frozen=True)
class Moved:
    """A finished move, as `relctl promote --json` tells it; `switch_ms` is the pointer move alone.

    `previous` had the traffic before, or a part of it; `standby` is what stands by now.
    """

    tag: str
    slot: str
    previous: str
    switch_ms: float
    warm: bool
    seconds: float = field(default=0.0)
    observed: Mapping[str, Any] | None = None
    standby: str = ""
