"""Read pointer, slots and ledger of an environment together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from relctl.engine.labels import TAG
from relctl.engine.protocol import Container, Image
from relctl.engine.slots import SLOTS, other
from relctl.errors import EngineError, UsageError
from relctl.proxy.pointer import main_slot
from relctl.rollout.host import Host
from relctl.state.event import Event
from relctl.state.history import History, fold
from relctl.state.ledger import LedgerContent

BRIEFLY = 0.3  # seconds a rollback waits for the engine: it usually answers in 0.01, and users wait


@dataclass(frozen=True)
class Snapshot:
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
        meant = self.last_settled
        if meant is not None and meant.slot == self.live and not self.tag(self.live):
            return meant.tag
        return self.tag(self.live)

    def serves(self, image: Image) -> bool:
        """Return whether exactly this image takes traffic now."""
        container = self.container(self.live)
        return container is not None and container.running and container.image_id == image.id

    @property
    def last_settled(self) -> Event | None:
        """Return the last event that settled where traffic goes, None before the first promote."""
        return self.history.settled

    @cached_property
    def history(self) -> History:
        """Return what the events come to: how far the last move has come, and what was promoted."""
        return fold(self.events)


def take_snapshot(host: Host) -> Snapshot:
    """Read pointer, slots and ledger; change nothing. Raises UsageError for a damaged ledger."""
    return compare(host, host.ledger.read())


def snapshot_at_once(host: Host) -> Snapshot:
    """Read them without waiting for an engine that is dead, hangs or is slow."""
    return compare_at_once(host, host.ledger.read(), BRIEFLY)


def snapshot_again(host: Host, snapshot: Snapshot) -> Snapshot:
    """Read them again, as patiently as before."""
    return snapshot_at_once(host) if snapshot.blind else take_snapshot(host)


def compare(host: Host, ledger: LedgerContent) -> Snapshot:
    """Read pointer and slots beside a known ledger; change nothing. Raises EngineError."""
    return _beside(host, ledger, host.slots())


def compare_at_once(host: Host, ledger: LedgerContent, within: float) -> Snapshot:
    """Do the same, waiting for the engine for at most `within` seconds."""
    try:
        return _beside(host, ledger, host.slots(within))
    except EngineError as error:
        return _beside(host, ledger, host.remembered_slots(), error.message)


def _beside(
    host: Host, ledger: LedgerContent, slots: Mapping[str, Container | None], blind: str = ""
) -> Snapshot:
    pointer = host.proxy.pointer
    return Snapshot(
        pointer.read(),
        slots,
        ledger.events,
        ledger.torn,
        ledger.damage,
        pointer.astray(),
        blind,
        ledger.broken,
    )


def live_image(host: Host) -> Image | None:
    """Return the live image, None before the first promote; raises UsageError when the engine lost it."""
    if host.ledger.read().history.settled is None:
        return None  # before the first promote, what is in the slots may be another checkout's
    snapshot = take_snapshot(host)
    container = snapshot.container(snapshot.live)
    identity = (
        container.image_id if container else snapshot.last_settled.image_id if snapshot.last_settled else ""
    )
    if not identity:
        return None
    image = host.engine.image(identity)
    if image is None:
        raise UsageError(
            f"the live image {identity[:19]} is gone from the engine, so nothing can be compared with it",
            _instead(host, snapshot.last_settled.tag if snapshot.last_settled else ""),
        )
    return image


def _instead(host: Host, tag: str) -> str:
    """Suggest another reference: another image store has the live release under another id."""
    again = host.engine.image(f"{host.project.versions.image}:{tag}") if tag else None
    if again is not None:
        return f"the engine has {tag} as {again.id[:19]}: relctl verify TAG --against {tag}"
    return "relctl build it again from its commit, or name a release: relctl verify TAG --against TAG"
