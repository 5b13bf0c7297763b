"""`relctl down`: stop what runs for this environment."""

import typer

from relctl.cli.context import Waiting, settings
from relctl.cli.plan import DryRun, tell_plan


def down(context: typer.Context, wait: Waiting = "", dry_run: DryRun = False) -> None:
    """Stop Nginx and both slots; images, evidence and history stay. `relctl promote TAG` starts again."""
    from relctl.rollout.down import down as stop_all

    chosen = settings(context)
    host = chosen.stage(wait, dry_run)
    stopped = stop_all(host)
    if dry_run:
        return tell_plan(chosen.speaker, host.steps.reached)
    return chosen.speaker.emit(
        {"stopped": stopped}, lambda: print(f"stopped: {', '.join(stopped) or 'nothing ran'}")
    )
