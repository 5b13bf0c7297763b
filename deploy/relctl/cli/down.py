"""`relctl down`: stop everything in this environment."""

import typer

from relctl.cli.context import DryRun, Waiting, settings, tell_plan
from relctl.cli.output import show


def down(context: typer.Context, wait: Waiting = "", dry_run: DryRun = False) -> None:
    """Stop Nginx and both slots; images, evidence and history are kept. `relctl promote TAG` starts again."""
    from relctl.rollout.down import down as stop_all

    chosen = settings(context)
    host = chosen.stage(wait, dry_run)
    stopped = stop_all(host)
    if dry_run:
        return tell_plan(chosen.speaker, host.steps.reached)
    return chosen.speaker.emit(
        {"stopped": stopped}, lambda: show(f"stopped: {', '.join(stopped) or 'nothing ran'}")
    )
