"""`relctl status`: how the environment stands."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from relctl.cli.context import settings

if TYPE_CHECKING:
    from relctl.rollout.status import Observing, SlotStatus, Status


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
    if found.observing:
        print(f"  window   {_window(found.observing, found.at_work)}")
    for sentence in found.notices:
        print(f"  notice   {sentence}")
    for sentence in found.drift:
        print(f"  drift    {sentence}")
    for event in found.events:
        print(f"  {event.at}  {event.event:12} {event.tag}  {event.reason.partition(chr(10))[0]}".rstrip())


def _window(window: "Observing", at_work: str) -> str:
    left = f"{window.tag} is watched for {window.seconds:g} s, {window.left_seconds:g} s are left"
    return left if at_work else f"{left}; interrupted: relctl observe goes on"


def _slot(slot: "SlotStatus | None") -> str:
    if slot is None:
        return "none"
    return (
        f"{slot.tag or '(empty)'}  {slot.slot}  {slot.health}  {slot.address}  {slot.image_id[:19]}".rstrip()
    )
