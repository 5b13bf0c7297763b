"""Every step of what moves traffic names its undo, or says why it needs none."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import relctl.rollout
from relctl.rollout.move import Switch, describe

MOVES = (
    Switch("promote", "v2", "id-2", "green", "blue", "id-0", previous_tag="v1", canary=(5,), observe=1.0),
    Switch("promote", "v1", "id-1", "blue", ""),
    Switch("rollback", "v1", "id-1", "blue", "green", warm=True, previous_tag="v2"),
)
ROLLOUT = Path(relctl.rollout.__file__).parent
NAMES = (
    *("begin", "start", "prove", "canary", "point", "prove-live", "observe", "record"),
    *("undo", "keep", "finish"),  # what reconciling does
)


@pytest.mark.parametrize("move", MOVES, ids=lambda move: f"{move.kind} {move.tag}")
@pytest.mark.parametrize("name", NAMES)
def test_a_step_of_a_move_has_an_undo_or_a_reason_for_none(move: Switch, name: str) -> None:
    step = describe(move, name, percent=5)
    assert bool(step.undo) != bool(step.why_none)


def words(path: Path) -> Iterator[tuple[str, ast.expr]]:
    """Where a file reaches a step, and what it says of its undo."""
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith((".reach", ".reach_for_good")):
            yield f"{path.name}:{call.lineno}", call.args[2]


def test_whoever_reaches_a_step_says_so_in_words() -> None:
    found = [each for path in ROLLOUT.rglob("*.py") for each in words(path)]
    silent = [where for where, said in found if isinstance(said, ast.Constant) and not said.value]
    assert len(found) > 15
    assert silent == []
