"""What status says of a slot: its health, how often its process was restarted, and how that ended."""

from dataclasses import replace

import pytest

from relctl.cli.status_text import slot_words
from relctl.engine.protocol import Container
from relctl.rollout.failover import SlotStatus, _ended

RUNS = Container("svc-blue", "sha256:1", {}, running=True, restarts=0, exit_code=0, address="10.0.0.2:80")
MEMORY = {"out_of_memory": True, "memory_limit": 256 * 1024**2}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),
        ({"restarts": 6, **MEMORY}, "out of memory (limit 256m)"),
        ({"running": False, "exit_code": 137, **MEMORY}, "137, out of memory (limit 256m)"),
        ({"running": False, "exit_code": 139}, "139, killed by SIGSEGV"),
        ({"running": False, "paused": True}, ""),
    ],
)
def test_how_a_process_ended(changes: dict[str, object], words: str) -> None:
    assert _ended(replace(RUNS, **changes)) == words  # type: ignore[arg-type]


def test_restarts_and_their_reason_are_in_the_line_of_the_slot() -> None:
    found = SlotStatus("blue", "v1.0.0-abc12de", "", "ready", "", 6, "out of memory (limit 256m)")
    assert "ready  restarted 6 times: out of memory (limit 256m)" in slot_words(found)
    assert "restarted" not in slot_words(replace(found, restarts=0, ended=""))
