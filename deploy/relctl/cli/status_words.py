"""How an environment stands, in words and as JSON."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from relctl.cli.events import why
from relctl.cli.speak import plain
from relctl.cli.when import ago, now, span, to_the_second

if TYPE_CHECKING:
    from relctl.proxy.recent_traffic import Traffic
    from relctl.rollout.slot_status import SlotStatus
    from relctl.rollout.standing_in import StandingIn
    from relctl.rollout.status import Observing, Status
    from relctl.state.event import Event


def as_json(found: "Status") -> dict[str, Any]:
    """Return the status as the contract writes it."""
    return asdict(found) | {
        "switched": found.switched.as_json() if found.switched else None,
        "events": [event.as_json() for event in found.events],
    }


def tell(found: "Status") -> None:
    """Print the status, a line a fact."""
    print(f"{found.service} in {found.environment}: {found.url} (Nginx {found.proxy})")
    print(f"  live     {slot_words(found.live)}")
    print(f"  standby  {slot_words(found.standby)}")
    if found.standing_in:
        print(f"  answers  {standing_in_words(found.standing_in, found.traffic.seconds)}")
    print(f"  pointer  {found.pointer or 'missing'}")
    if found.switched:
        print(f"  switched {switch_words(found.switched, now())}")
    for sentence in traffic_words(found.traffic):
        print(f"  traffic  {sentence}")
    if found.at_work:
        print(f"  at work  {found.at_work}")
    if found.watching:
        print(f"  watching {found.watching}")
    if found.observing:
        print(f"  window   {window_words(found.observing, found.watching)}")
    for sentence in found.notices:
        print(f"  notice   {plain(' '.join(sentence.split()))}")
    for sentence in found.drift:
        print(f"  drift    {sentence}")
    for event in found.events:
        print(f"  {event.at}  {event.event:12} {event.tag}  {event.reason.partition(chr(10))[0]}".rstrip())


def window_words(window: "Observing", watching: str) -> str:
    """Say what is watched and for how long still, or that nobody does."""
    left = f"{window.tag} is watched for {window.seconds:g} s, {window.left_seconds:g} s are left"
    return left if watching else f"{left}; interrupted: relctl observe goes on"


def standing_in_words(standing_in: "StandingIn", seconds: float) -> str:
    """Say that the standby answers for live, since when, and how often."""
    at = standing_in.since
    since = f"since {datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}" if at else "nobody has asked yet"
    often = f"{standing_in.requests:,} requests in {span(seconds)}"
    return f"the standby {standing_in.tag} in {standing_in.slot} answers for live, {since}; {often}"


def slot_words(slot: "SlotStatus | None") -> str:
    """Say what is in a slot."""
    if slot is None:
        return "none"
    words = (slot.tag or "(empty)", slot.slot, slot.health, slot.address, slot.image_id[:19])
    return "  ".join(filter(None, words))


def switch_words(event: "Event", then: datetime) -> str:
    """Say who gave live its traffic, when and why."""
    reason = why(event)
    words = f"{event.event} {ago(event.at, then)} by {event.by}, {to_the_second(event.at)}"
    return f"{words}: {reason}" if reason else words


def traffic_words(traffic: "Traffic") -> list[str]:
    """Say what each pool answered lately."""
    if traffic.problem:
        return [f"unknown: {traffic.problem}"]
    lately = span(traffic.seconds)
    found = [
        f"{pool}: {each.requests:,} requests in {lately}, {each.errors:,} failed ({each.error_rate:.2%}),"
        f" p50 {each.p50_ms:.0f} ms, p95 {each.p95_ms:.0f} ms"
        f"{f'; {each.stood_in:,} of them answered by the other slot' if each.stood_in else ''}"
        for pool, each in traffic.pools.items()
    ]
    strange = f"{traffic.unreadable:,} lines of the access log are not in the format of relctl's templates"
    return [*(found or [f"none in {lately}"]), *([strange] if traffic.unreadable else [])]
