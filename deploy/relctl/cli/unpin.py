"""`relctl unpin`: leave a release to retention again."""

import typer

from relctl.cli.completion import Release
from relctl.cli.context import DryRun, Reason, Waiting, settings, tell_plan
from relctl.cli.output import show


def unpin(
    context: typer.Context,
    tag: Release,
    reason: Reason = "",
    wait: Waiting = "",
    dry_run: DryRun = False,
) -> None:
    """Remove a pin; nothing is deleted before the next promote or prune."""
    from relctl.rollout.pin import unpin as unpin_release

    chosen = settings(context)
    release = chosen.tag(tag)
    host = chosen.stage(wait, dry_run)
    unpin_release(host, release, reason)
    if dry_run:
        return tell_plan(chosen.speaker, host.steps.reached)
    return chosen.speaker.emit(
        {"tag": str(release), "verdict": "unpinned"}, lambda: show(f"{release} is not pinned any more")
    )
