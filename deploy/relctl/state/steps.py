"""The steps of a command, recorded as they are reached: for plans, and to say where a command failed."""

from dataclasses import dataclass

from relctl.state.fault_points import point

LOOKS = "it only looks"


@dataclass(frozen=True)
class Step:
    """One step: its name, what it does, and what undoes it if it or a later step fails.

    When traffic moves, every step has either an `undo` or a reason in `why_none`.
    """

    name: str
    does: str
    undo: str = ""
    why_none: str = ""


class Steps:
    """The steps that a command has reached, in order; a dry run reaches the same ones without acting."""

    def __init__(self) -> None:
        self.reached: list[Step] = []

    def reach(self, name: str, does: str, undo: str) -> None:
        """Record a step just before it is done."""
        self.note(Step(name, does, undo))

    def reach_for_good(self, name: str, does: str, why_none: str) -> None:
        """Record a step that is never undone, with the reason."""
        self.note(Step(name, does, why_none=why_none))

    def note(self, step: Step) -> None:
        """Record a step just before it is done."""
        if self.reached:
            point("after", "step", self.last)
        point("before", "step", step.name)
        self.reached.append(step)

    @property
    def last(self) -> str:
        """Return the name of the current step, "" before the first."""
        return self.reached[-1].name if self.reached else ""
