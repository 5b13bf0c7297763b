"""The steps of a command, noted as they are reached: what a plan lists, and where a failure says it was."""

from dataclasses import dataclass

from relctl.state.fault import point

LOOKS = "it only looks"


@dataclass(frozen=True)
class Step:
    """One step: its name, what it does, and what undoes it when it or a later one fails.

    Of what moves traffic every step has an `undo` or says in `why_none` why it needs none.
    """

    name: str
    does: str
    undo: str = ""
    why_none: str = ""


class Steps:
    """What one command has reached, in order; a rehearsal reaches the same without doing it."""

    def __init__(self) -> None:
        self.reached: list[Step] = []

    def reach(self, name: str, does: str, undo: str) -> None:
        """Note a step just before it is done."""
        self.note(Step(name, does, undo))

    def reach_for_good(self, name: str, does: str, why_none: str) -> None:
        """Note a step that nothing undoes, and why that is right."""
        self.note(Step(name, does, why_none=why_none))

    def note(self, step: Step) -> None:
        """Note a step, just before it is done."""
        if self.reached:
            point("after", "step", self.last)
        point("before", "step", step.name)
        self.reached.append(step)

    @property
    def last(self) -> str:
        """The name of the step that is under way, "" before the first."""
        return self.reached[-1].name if self.reached else ""
