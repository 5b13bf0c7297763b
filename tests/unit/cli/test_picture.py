"""The picture of `relctl status --watch`: what must be seen at a glance, whatever its words are."""

import dataclasses
import io
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.cells import cell_len

from relctl.cli.console import Screen
from relctl.cli.event_text import drawn
from relctl.cli.output import Speaker, table
from relctl.cli.status_screen import Picture, _slot
from relctl.cli.status_text import as_json, tell
from relctl.errors import EngineError
from relctl.escape import escaped
from relctl.proxy.recent_traffic import PoolTraffic, Traffic
from relctl.rollout.failover import SlotStatus, StandingIn
from relctl.rollout.status import Observing, Status
from relctl.state.event import Event

EVIL = "\x1b[2J\x9b1;31m\u202e\u2066\u200b\x7f\rgone\x08\u2028\x85"
WIDE = "北京的价格翻译错了" * 9
WHEN = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.mark.parametrize("health", ["not ready", "paused", "stopped"])
def test_a_slot_that_does_not_serve_is_drawn_in_bold_red(health: str) -> None:
    assert _slot(SlotStatus("blue", "v1.0.0-abc12de", "sha256:1", health, "127.0.0.1:1")).style == "bold red"


def said(words: str) -> Status:
    """A status of which every text ends with these words."""
    slot = SlotStatus("blue", f"v1.0.0{words}", f"sha256:1{words}", f"ready{words}", f"127.0.0.1:1{words}")
    event = Event("promoted", f"v1.0.0{words}", "", "blue", reason=f"why {words}", at="now" + words, by=words)
    return Status(
        service=f"shop{words}",
        environment=f"production{words}",
        url=f"http://127.0.0.1{words}",
        pointer=f"blue{words}",
        live=slot,
        standby=dataclasses.replace(slot, slot="green"),
        proxy=f"running{words}",
        at_work=f"promote {words}",
        watching=f"observe {words}",
        standing_in=StandingIn("green", f"v2{words}", 3, 0),
        switched=event,
        traffic=Traffic(300.0, {f"blue{words}": PoolTraffic(5, 1, 0.2, 1.0, 2.0, 3.0)}),
        drift=[f"drift {words}"],
        notices=[f"notice {words}"],
        observing=Observing(f"v1{words}", 60.0, 1.0, 30.0),
        events=[event, event],
    )


def picture(found: Any, width: int) -> str:
    """What a terminal of that width gets, without rich's own colours."""
    written = io.StringIO()
    Screen(file=written, width=width, force_terminal=True, color_system="standard").print(found)
    return re.sub(r"\x1b\[[0-9;]*m", "", written.getvalue())


@pytest.mark.parametrize("width", [20, 60, 110, 300])
def test_no_words_of_others_steer_the_picture(width: int) -> None:
    trouble = EngineError(f"no engine {EVIL}")
    shown = picture(Picture(said(EVIL), WHEN, 2.0, trouble), width)
    assert escaped(shown) == shown
    assert max(map(cell_len, shown.splitlines())) <= width
    assert r"\x1b[2J" in "".join(shown.split())


def test_no_words_of_others_steer_the_plain_text_or_the_json(capsys: pytest.CaptureFixture[str]) -> None:
    tell(said(EVIL))
    shown = capsys.readouterr().out
    assert escaped(shown) == shown
    assert shown.count(r"\x1b[2J") >= 20
    Speaker(as_json=True).emit(as_json(said(EVIL)), lambda: None)
    shown = capsys.readouterr().out
    assert escaped(shown) == shown
    assert json.loads(shown)["pointer"] == f"blue{EVIL}"


@pytest.mark.parametrize("width", [20, 40, 80, 120, 300])
def test_wide_characters_are_folded_and_none_is_lost(width: int) -> None:
    event = Event("promoted", "v1.0.0-abc12de", "", "blue", reason=WIDE, at=WHEN.isoformat(), by="运维@host")
    for found in (drawn([event], WHEN, width), Picture(said(f" {WIDE}"), WHEN, 2.0)):
        lines = picture(found, width).splitlines()
        assert max(map(cell_len, lines)) <= width
        assert "…" not in "".join(lines)
    folded = "".join("".join(picture(drawn([event], WHEN, width), width).split()))
    for sign in set(WIDE):
        assert folded.count(sign) == WIDE.count(sign)


def test_a_table_keeps_wide_cells_whole_and_its_columns_below_each_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    table(("TAG", "WHY"), [("v1", WIDE * 9), ("北京", "kept")])
    heading, first, second = capsys.readouterr().out.splitlines()
    assert WIDE * 9 in first
    assert cell_len(heading.partition("WHY")[0]) == cell_len(second.partition("kept")[0])
