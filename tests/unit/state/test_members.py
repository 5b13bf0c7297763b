"""Members of events: what relctl writes is let through, what a hand spoilt is damage with its place."""

import json
from pathlib import Path
from typing import Any

import pytest

from relctl.observation.figures import Figures
from relctl.observation.window import Window
from relctl.rollout.move import Switch
from relctl.state.event import Event
from relctl.state.ledger import Ledger

MOVE = Switch("promote", "v1.0.0-abc12de", "sha256:1", "blue", "green", observe=1_800.0)
SPOILT: list[tuple[dict[str, Any], str]] = [
    ({"observe": "30m"}, "observe is '30m', and would be a number that is not negative"),
    ({"observe": -1}, "observe is -1, "),
    ({"observe": float("nan")}, "observe is nan, "),
    ({"observe": 10**400}, "observe is 1000"),
    ({"observe": True}, "observe is True, "),
    ({"since": None}, "since is None, "),
    ({"seconds": [1]}, "seconds is [1], "),
    ({"slot": "red"}, "slot is 'red', and would be blue or green"),
    ({"slot": ["blue"]}, "slot is ['blue'], "),
    ({"slot": ""}, "promoting without slot"),
    ({"image_id": ""}, "promoting without image_id"),
    ({"from": "red"}, "from is 'red', "),
    ({"tag": True}, "tag is True, and would be text"),
    ({"warm": "no"}, "warm is 'no', and would be true or false"),
    ({"accepted": "no"}, "accepted is 'no', "),
    ({"percent": 20.5}, "percent is 20.5, and would be a whole number from 1 to 100"),
    ({"percent": 0}, "percent is 0, "),
    ({"off": "all"}, "off is 'all', and would be gates by name, each with a reason"),
    ({"baseline": {"requests": "many"}}, "baseline is {'requests': 'many'}, and would be figures by name"),
]


@pytest.mark.parametrize(("members", "why"), SPOILT, ids=lambda each: str(each)[:30])
def test_a_value_that_relctl_cannot_have_written_is_damage_with_its_place(
    tmp_path: Path, members: dict[str, Any], why: str
) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    line = json.dumps(MOVE.begun().as_json() | members)
    ledger.path.write_text(f'{{"v": 1, "event": "verified"}}\n{line}\n')
    found = ledger.salvage()
    assert [event.event for event in found.events] == ["verified"]
    [damage] = found.damage
    assert damage.message.startswith(f"{ledger.path}:2: not a ledger event: {why}")
    assert f"sed -n 2p {ledger.path}" in damage.hint


def test_what_relctl_writes_is_never_damage(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    window = Window(MOVE.tag, MOVE.image_id, "blue", "green", 1_800_000_000.125, 1_800.0, Figures(9, 0, 1.5))
    written = [
        MOVE.begun(),
        window.pointed(5),
        window.opened(),
        window.closed("healthy: 9 requests", accepted=True, percent=5, p50_ms=None),
        MOVE.event("promoted", switch_ms=0.081, off={"quality": "no data"}, forced="at night"),
        Event("stopped", reason="nginx"),
    ]
    for each in written:
        ledger.append(each)
    found = ledger.read().events
    stamps = {"at": "", "by": "", "before": ""}
    assert [each.as_json() | stamps for each in found] == [each.as_json() | stamps for each in written]
