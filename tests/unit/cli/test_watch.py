"""`relctl status --watch` as a person sees it on a terminal, and as a file or a program reads it."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from terminal import CURSOR, FIRST, HOME, SECOND, lines, terminal

PROGRAM = (sys.executable, str(Path(__file__).parents[2] / "watched_status.py"))
CTRL_C = b"\x03"


def test_it_is_drawn_in_place_and_renewed() -> None:
    with terminal(*PROGRAM, "0.1") as watched:
        watched.wait_for("look 1 .*look 2 .*look 3 ")
        assert watched.output.count(SECOND) == 1
        assert watched.output.count(HOME) >= 3
        assert FIRST not in watched.output


def test_ctrl_c_gives_the_terminal_back_with_what_was_seen_last_and_is_no_failure() -> None:
    with terminal(*PROGRAM, "60") as watched:
        watched.wait_for("look 1 ")
        watched.press(CTRL_C)
        assert watched.ended() == 0
        before, _, after = watched.output.rpartition(FIRST)
        assert CURSOR in before + after
        assert any(each.startswith("live ") and "v1.0.0-b05173e" in each for each in lines(after))
        assert "interrupted" not in watched.output
        assert "Traceback" not in watched.output


def test_ctrl_c_again_and_again_still_gives_the_terminal_back() -> None:
    with terminal(*PROGRAM, "60") as watched:
        watched.wait_for("look 1 ")
        for _ in range(20):
            watched.send(signal.SIGINT)
        assert watched.ended() in (0, 130, -signal.SIGINT)
        assert watched.output.rindex(FIRST) > watched.output.rindex(SECOND)
        assert CURSOR in watched.output


def test_sigterm_ends_it_as_it_ends_every_command() -> None:
    with terminal(*PROGRAM, "60") as watched:
        watched.wait_for("look 1 ")
        watched.send(signal.SIGTERM)
        assert watched.ended() == 128 + signal.SIGTERM
        assert FIRST in watched.output


@pytest.mark.parametrize(("columns", "rows"), [(60, 40), (38, 60), (180, 50), (24, 10), (1, 1)])
def test_another_size_is_drawn_at_once_and_nothing_is_wider(columns: int, rows: int) -> None:
    with terminal(*PROGRAM, "60", columns=110, rows=30) as watched:
        drawn = watched.wait_for("look 1 .*deploy@host1")
        watched.resize(columns, rows)
        watched.wait_for(rf"\x1b\[H(?:[^\n]*\n){{{rows - 1}}}", drawn)
        watched.press(CTRL_C)
        assert watched.ended() == 0
        shown = lines(watched.output[drawn:].split(HOME)[1].partition(FIRST)[0])
        assert len(shown) == rows
        assert max(map(len, shown)) <= columns + len("^C")


def test_on_a_narrow_terminal_every_word_can_still_be_read() -> None:
    with terminal(*PROGRAM, "60", columns=40, rows=60) as watched:
        watched.wait_for("look 1 .*deploy@host1")
        words = " ".join(" ".join(lines(watched.output)).split())
        for part in (
            "12,346 requests in 5 min",
            "7 failed (0.06%)",
            "p95 24 ms",
            "[ticket 17]",
            "rolled-back",
        ):
            assert part in words


def test_drift_is_named_when_it_comes_and_an_engine_that_is_gone_does_not_end_it() -> None:
    with terminal(*PROGRAM, "0.2", "drift", "broken") as watched:
        first = watched.wait_for("drift +.{0,20}none")
        named = watched.wait_for(
            "drift.{0,40}the standby relctl-translator-production-green is stopped", first
        )
        watched.wait_for("this is old: no Docker engine answers at unix:///var/run/docker.sock", named)
        watched.press(CTRL_C)
        assert watched.ended() == 0


def test_an_engine_that_comes_back_is_looked_at_again() -> None:
    with terminal(*PROGRAM, "0.1", "broken", "broken", "") as watched:
        old = watched.wait_for("this is old")
        watched.wait_for("look 4 ", old)


def piped(*arguments: str, count: int, environ: dict[str, str] | None = None) -> "tuple[list[str], int]":
    """Read so many lines of a program whose output is a pipe, then interrupt it; returns them and its end."""
    path = os.pathsep.join(sys.path)
    process = subprocess.Popen(
        [*PROGRAM, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONPATH": path} | (environ or {}),
    )
    assert process.stdout is not None
    read = [process.stdout.readline() for _ in range(count)]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    return read, process.returncode


def test_without_a_terminal_each_look_is_one_line_with_the_time() -> None:
    read, code = piped("0.1", "drift", "broken", count=3)
    assert code == 0
    times, words = zip(*(line.rstrip("\n").split("  ", 1) for line in read[:2]), strict=True)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", each) for each in times)
    slots = "live v1.0.0-b05173e in blue ready; standby v1.1.0-9cd2c28 in green not ready"
    forced = "notice: v1.0.0-b05173e was promoted by force, by ops@host1"
    drift = "drift: the standby relctl-translator-production-green is stopped"
    assert words == (
        f"{slots}; 12,445 requests in 5 min, 7 failed; {forced}: look 1",
        f"{slots}; 12,446 requests in 5 min, 7 failed; {forced}: look 2; {drift}",
    )
    assert read[2] == "relctl: error: no Docker engine answers at unix:///var/run/docker.sock\n"


def test_a_terminal_that_can_only_print_lines_gets_lines() -> None:
    with terminal(*PROGRAM, "0.1", environ={"TERM": "dumb"}) as watched:
        watched.wait_for("look 2")
        assert "\x1b" not in watched.output


def test_as_json_each_look_is_one_line_and_trouble_is_one_too() -> None:
    read, code = piped("--json", "0.05", "drift", "broken", "", count=4)
    assert code == 0
    found: list[dict[str, Any]] = [json.loads(each) for each in read]
    assert [each.get("drift") for each in found] == [
        [],
        ["the standby relctl-translator-production-green is stopped"],
        None,
        [],
    ]
    assert found[2]["error"] == "no Docker engine answers at unix:///var/run/docker.sock"
    assert set(found[2]) == {"at", "error", "next", "code"}
    assert found[0]["traffic"]["pools"]["blue"]["p95_ms"] == 24.2
    assert found[0]["switched"]["event"] == "rolled-back"
    assert all(each["at"] for each in found)


def test_a_reader_that_has_enough_ends_it() -> None:
    command = f"{PROGRAM[0]} {PROGRAM[1]} 0.05 --json | head -n 2"
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=environ, timeout=30)
    assert len(done.stdout.splitlines()) == 2
