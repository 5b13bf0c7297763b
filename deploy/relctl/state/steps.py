"""The steps of a command, noted as they are reached: what a plan lists, and where a failure says it was."""

from dataclasses import dataclass

from relctl.state.fault import point


@dataclass(frozen=True)
class Step:
    """One step: its name, what it does, and what undoes it when it or a later one fails ("" for nothing)."""

    name: str
    does: str
    undo: str = ""


class Steps:
    """What one command has reached, in order; a rehearsal reaches the same without doing it."""

    def __init__(self) -> None:
        self.reached: list[Step] = []

    def reach(self, name: str, does: str, undo: str = "") -> None:
        """Note a step just before it is done."""
        if self.reached:
            point("after", "step", self.last)
        point("before", "step", name)
        self.reached.append(Step(name, does, undo))

    @property
    def last(self) -> str:
        """The name of the step that is under way, "" before the first."""
        return self.reached[-1].name if self.reached else ""
