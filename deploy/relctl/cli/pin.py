"""`relctl pin`: keep a release from being pruned."""

import typer

from relctl.cli.completion import Release
from relctl.cli.context import DryRun, Reason, Waiting, settings, tell_plan
from relctl.cli.output import show


def pin(
    context: typer.Context,
    tag: Release,
    reason: Reason = "",
    wait: Waiting = "",
    dry_run: DryRun = False,
) -> None:
    """Keep a release from being pruned here, until `relctl unpin`."""
    from relctl.rollout.pin import pin as pin_release

    chosen = settings(context)
    release = chosen.tag(tag)
    host = chosen.stage(wait, dry_run)
    words = "pinned" if pin_release(host, release, reason) else "pinned already"
    if dry_run:
        return tell_plan(chosen.speaker, host.steps.reached)
    return chosen.speaker.emit({"tag": str(release), "verdict": words}, lambda: show(f"{release} is {words}"))
