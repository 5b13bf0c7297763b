"""Define a move of traffic: what is meant, as the ledger keeps it, its steps, and its result."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from relctl.errors import NeedsPersonError, words_of
from relctl.observation.window import Window
from relctl.proxy.access_log_file import Mark
from relctl.proxy.pointer import Canary
from relctl.rollout.host import Host
from relctl.state.event import Event
from relctl.state.history import BEGUN, Deployment, Kind
from relctl.state.steps import LOOKS, Step

if TYPE_CHECKING:
    from relctl.config.pipeline import Case

# Members of an event: why it was promoted without proof, and what was missing; the disabled gates with their
# reasons; the reference, if that was not live.
NOTICES = ("forced", "unproved", "off", "compared_with")


@dataclass(frozen=True)
class Switch:
    """The intent: start `image_id` in `to_slot` and let it take over from `from_slot` ("" at first).

    `replaced_image_id` was in the slot before; its container is restored if the move fails. A `warm` one
    finds its release ready in the slot and touches no container. `previous_tag` is live. `notices` holds
    what to remember while the release is live, by the names in NOTICES. The release gets each `canary`
    percentage before the switch. Each of these steps, and the switch, is observed for `observe` seconds. The
    `smoke` cases are sent through Nginx once traffic has moved.
    """

    kind: Kind
    tag: str
    image_id: str
    to_slot: str
    from_slot: str
    replaced_image_id: str = ""
    warm: bool = False
    evidence: str = ""
    reason: str = ""
    previous_tag: str = ""
    notices: Mapping[str, Any] = field(default_factory=dict)
    canary: tuple[int, ...] = ()
    observe: float = 0.0
    smoke: tuple["Case", ...] = ()

    @classmethod
    def of(cls, running: Deployment) -> "Switch":
        """Return what was meant by a move that the ledger tells of."""
        event = running.begun
        return cls(
            running.kind,
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

    @property
    def canary_routes(self) -> tuple[str, ...]:
        """Return the route of each canary step."""
        return tuple(Canary(self.to_slot, percent).name for percent in self.canary)

    def window(self, since: float, mark: Mark | None) -> Window:
        """Return the window that begins at `since`, where `mark` is the end of the access log."""
        slots = self.to_slot, self.from_slot
        return Window(self.tag, self.image_id, *slots, since, self.observe, mark=mark)

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
            slot=self.to_slot,
            source=self.from_slot,
            replaced=self.replaced_image_id,
            warm=self.warm,
            evidence=self.evidence,
            reason=reason or self.reason,
            details={**self.notices, **details},
        )


@dataclass(frozen=True)
class SwitchResult:
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


def reach(host: Host, switch: Switch, name: str, percent: int = 0) -> None:
    """Note a step of a move just before it is done; `percent` is that of a canary step."""
    host.steps.note(describe(switch, name, percent))


def describe(switch: Switch, name: str, percent: int = 0) -> Step:
    """Return the step of a move with this name."""
    back = f"point at {switch.from_slot} again: all traffic goes to {switch.previous_tag}"
    does, undo, why_none = {
        "begin": (
            f"write to the ledger that a {switch.kind} begins",
            "write aborted to the ledger, and why",
            "",
        ),
        "start": (
            f"start {switch.tag} in {switch.to_slot}, wait until it is ready, warm it up",
            f"start what was in {switch.to_slot} before"
            if switch.replaced_image_id
            else f"stop and remove {switch.to_slot}",
            "",
        ),
        "prove": (f"prove through its own port that {switch.to_slot} is {switch.tag}", "", LOOKS),
        "canary": (
            f"point at {Canary(switch.to_slot, percent).name}: {percent} % of the traffic go to {switch.tag},"
            f" which is watched for {switch.observe:g} s beside {switch.previous_tag}",
            back,
            "",
        ),
        "point": (
            f"point at {switch.to_slot}: all traffic goes to {switch.tag}",
            back if switch.from_slot else "point nowhere again",
            "",
        ),
        "prove-live": (f"prove through Nginx that {switch.tag} has the traffic", "", LOOKS),
        "smoke": (
            f"send the after_switch cases through Nginx: {', '.join(case.name for case in switch.smoke)}",
            "",
            LOOKS,
        ),
        "observe": (
            f"watch {switch.tag} for {switch.observe:g} s against what {switch.previous_tag} did before",
            "",
            "it only looks, and what it saw stays written down",
        ),
        "record": (
            f"write to the ledger that the {switch.kind} is done",
            "",
            "it is the last one; relctl rollback is the way back",
        ),
        # What reconciling does about a move that was killed.
        "undo": (
            f"undo the interrupted {switch.kind} of {switch.tag}",
            "",
            "it is the undo, and may be done again",
        ),
        "keep": (
            f"point at {switch.to_slot}: {switch.tag} answers already, and is asked for",
            "",
            "nobody else answers",
        ),
        "finish": (
            f"finish the interrupted {switch.kind} of {switch.tag}",
            "",
            "it has the traffic already; relctl rollback is the way back",
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
