"""Printing the plan of a dry run."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from relctl.cli.speak import Speaker, show

if TYPE_CHECKING:
    from relctl.state.steps import Step

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the steps and change nothing.")]


def tell_plan(speaker: Speaker, steps: "Sequence[Step]") -> None:
    """Print the steps in their order, each with what undoes it."""
    speaker.emit([asdict(step) for step in steps], lambda: _print(steps))


def _print(steps: "Sequence[Step]") -> None:
    width = max((len(step.name) for step in steps), default=0)
    for number, step in enumerate(steps, 1):
        show(f"{number:2}  {step.name:{width}}  {step.does}")
        if step.undo:
            show(f"    {'':{width}}  if it or a later step fails: {step.undo}", "dim")
    show("nothing was done")
