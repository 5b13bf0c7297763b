"""`relctl down`: stop what runs for this environment."""

import typer

from relctl.cli.context import Waiting, settings


def down(context: typer.Context, wait: Waiting = "") -> None:
    """Stop Nginx and both slots; images, evidence and history stay. `relctl promote TAG` starts again."""
    from relctl.rollout.down import down as stop_all

    chosen = settings(context)
    stopped = stop_all(chosen.host(wait))
    chosen.speaker.emit(
        {"stopped": stopped}, lambda: print(f"stopped: {', '.join(stopped) or 'nothing ran'}")
    )
