"""Describe the steps of a move by name: what each does, and what undoes it."""

from typing import TYPE_CHECKING

from relctl.proxy.route import Canary
from relctl.state.steps import LOOKS, Step

if TYPE_CHECKING:  # for annotations only
    from relctl.rollout.host import Host
    from relctl.rollout.moving.move import Move


def reach(host: "Host", move: "Move", name: str, percent: int = 0) -> None:
    """Note a step of a move just before it is done; `percent` is that of a canary step."""
    host.steps.note(describe(move, name, percent))


def describe(move: "Move", name: str, percent: int = 0) -> Step:
    """Return the step of a move with this name."""
    back = f"point at {move.source} again: all traffic goes to {move.previous}"
    does, undo, why_none = {
        "begin": (
            f"write to the ledger that a {move.kind} begins",
            "write aborted to the ledger, and why",
            "",
        ),
        "start": (
            f"start {move.tag} in {move.slot}, wait until it is ready, warm it up",
            f"start what was in {move.slot} before" if move.replaced else f"stop and remove {move.slot}",
            "",
        ),
        "prove": (f"prove through its own port that {move.slot} is {move.tag}", "", LOOKS),
        "canary": (
            f"point at {Canary(move.slot, percent).name}: {percent} % of the traffic go to {move.tag},"
            f" which is watched for {move.observe:g} s beside {move.previous}",
            back,
            "",
        ),
        "point": (
            f"point at {move.slot}: all traffic goes to {move.tag}",
            back if move.source else "point nowhere again",
            "",
        ),
        "prove-live": (f"prove through Nginx that {move.tag} has the traffic", "", LOOKS),
        "smoke": (
            f"send the after_switch cases through Nginx: {', '.join(case.name for case in move.smoke)}",
            "",
            LOOKS,
        ),
        "observe": (
            f"watch {move.tag} for {move.observe:g} s against what {move.previous} did before",
            "",
            "it only looks, and what it saw stays written down",
        ),
        "record": (
            f"write to the ledger that the {move.kind} is done",
            "",
            "it is the last one; relctl rollback is the way back",
        ),
    }[name]
    return Step(name, does, undo, why_none)
