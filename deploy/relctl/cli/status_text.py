"""Format the status of an environment as text and as JSON."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from relctl.cli.durations import ago, now, span, to_the_second
from relctl.cli.event_text import why
from relctl.cli.output import show, show_fact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from relctl.proxy.recent_traffic import Traffic
    from relctl.rollout.failover import SlotStatus, StandingIn
    from relctl.rollout.status import Observing, Status
    from relctl.state.event import Event

BAD, BUSY = "bold red", "yellow"  # styles, as rich names them
_OF_HEALTH = {"ready": "green", "not ready": BAD, "paused": BAD, "stopped": BAD}
_TOLD_BRIEFLY = ("answers", "at work", "watching", "window", "notice", "drift")


def as_json(found: "Status") -> dict[str, Any]:
    """Return the status as in the JSON contract."""
    return asdict(found) | {
        "switched": found.switched.as_json() if found.switched else None,
        "events": [event.as_json() for event in found.events],
    }


def tell(found: "Status") -> None:
    """Print the status, one line for each fact."""
    show(f"{found.service} in {found.environment}: {found.url} (Nginx {found.proxy})")
    for name, words, style in _facts(found):
        show_fact(name, words, style)
    for event in found.events:
        show(f"  {event.at}  {event.event:12} {event.tag}  {event.reason.partition(chr(10))[0]}".rstrip())


def _facts(found: "Status") -> "Iterator[tuple[str, str, str]]":
    """Yield the name, value and style of each line."""
    yield "live", slot_words(found.live), health_style(found.live)
    yield "standby", slot_words(found.standby), health_style(found.standby)
    if found.standing_in:
        yield "answers", standing_in_words(found.standing_in, found.traffic.seconds), BAD
    yield "pointer", found.pointer or "missing", "" if found.pointer else BAD
    if found.switched:
        yield "switched", switch_words(found.switched, now()), ""
    yield from (("traffic", sentence, "") for sentence in traffic_words(found.traffic))
    if found.at_work:
        yield "at work", found.at_work, BUSY
    if found.watching:
        yield "watching", found.watching, BUSY
    if found.observing:
        yield "window", window_words(found.observing, found.watching), BUSY
    yield from (("notice", " ".join(sentence.split()), BUSY) for sentence in found.notices)
    yield from (("drift", sentence, BAD) for sentence in found.drift)


def in_one_line(found: "Status") -> str:
    """Summarise the status in one line, for a log file."""
    roles = (("live", found.live), ("standby", found.standby))
    return "; ".join(
        [
            *(f"{role} {_slot_briefly(slot)}" for role, slot in roles),
            *_traffic_briefly(found.traffic),
            *(f"{name}: {words}" for name, words, _ in _facts(found) if name in _TOLD_BRIEFLY),
        ]
    )


def _slot_briefly(slot: "SlotStatus | None") -> str:
    return f"{slot.tag or '(empty)'} in {slot.slot} {slot.health}" if slot else "none"


def _traffic_briefly(traffic: "Traffic") -> list[str]:
    if traffic.problem:
        return [f"traffic unknown: {traffic.problem}"]
    requests = sum(each.requests for each in traffic.pools.values())
    failed = sum(each.errors for each in traffic.pools.values())
    return [f"{requests:,} requests in {span(traffic.seconds)}, {failed:,} failed"]


def health_style(slot: "SlotStatus | None") -> str:
    """Return the style for the health of a slot."""
    return _OF_HEALTH.get(slot.health, "") if slot else ""


def window_words(window: "Observing", watching: str) -> str:
    """Describe the open window: its release, its length, the time left, or that it was interrupted."""
    left = f"{window.tag} is observed for {window.seconds:g} s, {window.left_seconds:g} s left"
    return left if watching else f"{left}; interrupted: relctl observe resumes it"


def standing_in_words(standing_in: "StandingIn", seconds: float) -> str:
    """Describe a failover: the standby that answers for live, since when and how often."""
    at = standing_in.since
    since = f"since {datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}" if at else "no request yet"
    often = f"{standing_in.requests:,} requests in {span(seconds)}"
    return f"the standby {standing_in.tag} in {standing_in.slot} answers for live, {since}; {often}"


def slot_words(slot: "SlotStatus | None") -> str:
    """Describe the content of a slot."""
    if slot is None:
        return "none"
    again = f"restarted {slot.restarts} times" if slot.restarts else ""
    why = ": ".join(filter(None, (again, slot.ended)))
    words = (slot.tag or "(empty)", slot.slot, slot.health, why, slot.address, slot.image_id[:19])
    return "  ".join(filter(None, words))


def switch_words(event: "Event", then: datetime) -> str:
    """Describe who switched traffic to live, when and why."""
    reason = why(event)
    words = f"{event.event} {ago(event.at, then)} by {event.by}, {to_the_second(event.at)}"
    return f"{words}: {reason}" if reason else words


def _from(clients: int) -> str:
    return f"; from {clients:,} client{'' if clients == 1 else 's'}" if clients else ""


def traffic_words(traffic: "Traffic") -> list[str]:
    """Describe the recent traffic of each pool."""
    if traffic.problem:
        return [f"unknown: {traffic.problem}"]
    lately = span(traffic.seconds)
    found = [
        f"{pool}: {each.requests:,} requests in {lately}, {each.errors:,} failed ({each.error_rate:.2%})"
        f"{f', {each.gone:,} went away' if each.gone else ''}"
        f", p50 {each.p50_ms:.0f} ms, p95 {each.p95_ms:.0f} ms"
        f"{f'; {each.stood_in:,} of them answered by the other slot' if each.stood_in else ''}"
        f"{_from(each.clients)}"
        for pool, each in traffic.pools.items()
    ]
    lines = "1 line" if traffic.unreadable == 1 else f"{traffic.unreadable:,} lines"
    strange = f"{lines} of the access log not in the format of relctl's templates"
    return [*(found or [f"none in {lately}"]), *([strange] if traffic.unreadable else [])]
