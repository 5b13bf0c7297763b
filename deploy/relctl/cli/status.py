"""`relctl status`: how the environment stands."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from relctl.cli.context import settings
from relctl.cli.speak import plain

if TYPE_CHECKING:
    from relctl.rollout.status import SlotStatus, Status


def status(context: typer.Context) -> None:
    """Tell what is live, what stands by, and where pointer, containers and ledger contradict."""
    from relctl.rollout.status import status as look

    chosen = settings(context)
    found = look(chosen.host())
    chosen.speaker.emit(_as_json(found), lambda: _print(found))


def _as_json(found: "Status") -> dict[str, Any]:
    return asdict(found) | {"events": [event.as_json() for event in found.events]}


def _print(found: "Status") -> None:
    print(f"{found.service} in {found.environment}: {found.url} (Nginx {found.proxy})")
    print(f"  live     {_slot(found.live)}")
    print(f"  standby  {_slot(found.standby)}")
    print(f"  pointer  {found.pointer or 'missing'}")
    if found.at_work:
        print(f"  at work  {found.at_work}")
    for sentence in found.notices:
        print(f"  notice   {plain(' '.join(sentence.split()))}")
    for sentence in found.drift:
        print(f"  drift    {sentence}")
    for event in found.events:
        print(f"  {event.at}  {event.event:12} {event.tag}  {event.reason.partition(chr(10))[0]}".rstrip())


def _slot(slot: "SlotStatus | None") -> str:
    if slot is None:
        return "none"
    return (
        f"{slot.tag or '(empty)'}  {slot.slot}  {slot.health}  {slot.address}  {slot.image_id[:19]}".rstrip()
    )
