"""Define a move of traffic: its intent, as the ledger keeps it, and its result."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from relctl.errors import NeedsPersonError, words_of
from relctl.proxy.pointer import Canary
from relctl.rollout.host import Host
from relctl.state.event import Event
from relctl.state.history import BEGUN, Kind
from relctl.state.steps import LOOKS, Step

if TYPE_CHECKING:
    from relctl.config.pipeline import Case
    from relctl.rollout.host import Host

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


def reach(host: "Host", move: "Move", name: str, percent: int = 0) -> None:
    """Note a step of a move just before it is done; `percent` is that of a canary step."""
    host.steps.note(describe(move, name, percent))


def describe(move: "Move", name: str, percent: int = 0) -> Step:
    """Return the step of a move with this name."""
    back = f"point at {move.source} again: all traffic goes to {move.previous}"
    does, undo, why_none = {
        "begin": (
            f"write to the ledger that a {move.kind} begins",
            "write aborted to the ledger, and why",
            "",
        ),
        "start": (
            f"start {move.tag} in {move.slot}, wait until it is ready, warm it up",
            f"start what was in {move.slot} before" if move.replaced else f"stop and remove {move.slot}",
            "",
        ),
        "prove": (f"prove through its own port that {move.slot} is {move.tag}", "", LOOKS),
        "canary": (
            f"point at {Canary(move.slot, percent).name}: {percent} % of the traffic go to {move.tag},"
            f" which is watched for {move.observe:g} s beside {move.previous}",
            back,
            "",
        ),
        "point": (
            f"point at {move.slot}: all traffic goes to {move.tag}",
            back if move.source else "point nowhere again",
            "",
        ),
        "prove-live": (f"prove through Nginx that {move.tag} has the traffic", "", LOOKS),
        "smoke": (
            f"send the after_switch cases through Nginx: {', '.join(case.name for case in move.smoke)}",
            "",
            LOOKS,
        ),
        "observe": (
            f"watch {move.tag} for {move.observe:g} s against what {move.previous} did before",
            "",
            "it only looks, and what it saw stays written down",
        ),
        "record": (
            f"write to the ledger that the {move.kind} is done",
            "",
            "it is the last one; relctl rollback is the way back",
        ),
    }[name]
    return Step(name, does, undo, why_none)


def record_end(host: Host, event: Event, live: str) -> None:
    """Append the event that ends a move; on failure raises NeedsPersonError, naming the live release."""
    try:
        host.ledger.append(event)
    except OSError as error:
        raise NeedsPersonError(
            f"{live} is live, but that could not be recorded: {words_of(error)}",
            f"fix that, then relctl promote {live}: it stays live and is recorded",
        ) from error
