"""Define a move of traffic: its intent, as the ledger keeps it, and its result."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from relctl.rollout.situation import BEGUN, Kind
from relctl.state.event import Event

if TYPE_CHECKING:
    from relctl.config.pipeline import Case

# Members of an event: why it was promoted without proof, and what was missing; the disabled gates with their
# reasons; the reference, if that was not live.
NOTICES = ("forced", "unproved", "off", "compared_with")


@dataclass(frozen=True)
class Move:
    """The intent: start `image_id` in `slot` and let it take over from `source` ("" at first).

    `replaced` is the image previously in the slot; its container is restored if the move fails. A `warm` move
    finds its release ready in the slot and touches no container. `previous` is the live tag. `notices` holds
    what to remember while the release is live, by the names in NOTICES. The release gets each `canary`
    percentage before the switch. Each of these steps, and the switch, is observed for `observe` seconds. The
    `smoke` cases are sent through Nginx once traffic has moved.
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
    smoke: tuple["Case", ...] = ()

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
        """Return the event that announces this move, with all that reconciling it needs."""
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
    """A finished move (`relctl promote --json`); `switch_ms` is the pointer move alone.

    `previous` had the traffic, or a share of it, before; `standby` is the standby now.
    """

    tag: str
    slot: str
    previous: str
    switch_ms: float
    warm: bool
    seconds: float = field(default=0.0)
    observed: Mapping[str, Any] | None = None
    standby: str = ""
