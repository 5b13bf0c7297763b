"""The steps of a move by their names: what each does, and what undoes it when it or a later one fails."""

from typing import TYPE_CHECKING

from relctl.state.steps import Step

if TYPE_CHECKING:  # a move reaches its steps
    from relctl.rollout.host import Host
    from relctl.rollout.move import Move


def reach(host: "Host", move: "Move", name: str) -> None:
    """Note a step of a move just before it is done."""
    step = describe(move, name)
    host.steps.reach(step.name, step.does, step.undo)


def describe(move: "Move", name: str) -> Step:
    """Return the step of a move that has this name."""
    does, undo = {
        "begin": (f"write to the ledger that a {move.kind} begins", "write aborted to the ledger, and why"),
        "start": (
            f"start {move.tag} in {move.slot}, wait until it is ready, warm it up",
            f"start what was in {move.slot} before" if move.replaced else f"empty {move.slot}",
        ),
        "prove": (f"prove through its own port that {move.slot} is {move.tag}", ""),
        "point": (
            f"point at {move.slot}: all traffic goes to {move.tag}",
            f"point at {move.source} again: all traffic goes to {move.previous}"
            if move.source
            else "point nowhere again",
        ),
        "prove-live": (f"prove through Nginx that {move.tag} has the traffic", ""),
        "record": (f"write to the ledger that the {move.kind} is done", ""),
    }[name]
    return Step(name, does, undo)
