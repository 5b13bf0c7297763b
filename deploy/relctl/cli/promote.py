"""`relctl promote`: let a proved release take the traffic."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from relctl.cli.context import Settings, Waiting, settings
from relctl.cli.plan import DryRun, tell_plan
from relctl.cli.policy import with_policy

if TYPE_CHECKING:
    from relctl.rollout.moving.move import Moved


def promote(
    context: typer.Context,
    tag: Annotated[str, typer.Argument(help="The release, like v1.2.0-abc12de.")],
    force: Annotated[bool, typer.Option("--force", help="Go on without evidence; needs --reason.")] = False,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why; kept in the ledger and shown by status.")
    ] = "",
    canary: Annotated[
        str,
        typer.Option(
            metavar="PERCENTS",
            help="Steps before the switch, like 5,25, or none.",
            show_default="the environment's",
        ),
    ] = "",
    observe: Annotated[
        str,
        typer.Option(
            metavar="DURATION", help="How long it is watched, like 30m.", show_default="the environment's"
        ),
    ] = "",
    wait: Waiting = "",
    dry_run: DryRun = False,
) -> None:
    """Switch live traffic to a verified release; the release before stays up as the standby."""
    from relctl.errors import UsageError
    from relctl.release import Tag
    from relctl.rollout.promote import promote as promote_release

    if force != bool(reason.strip()):
        raise UsageError("--force and --reason go together", f'relctl promote {tag} --force --reason "…"')
    release = Tag.parse(tag)
    chosen = settings(context)
    project = chosen.project()
    chosen.tell_overrides(project)
    host = chosen.stage(wait, dry_run, with_policy(project, canary, observe))
    moved = promote_release(host, release, reason.strip())
    if dry_run:
        tell_plan(chosen.speaker, host.steps.reached)
    else:
        tell(chosen, tag, moved)


def tell(chosen: Settings, tag: str, moved: "Moved | None") -> None:
    """Say how a promote or a rollback ended; None is a release that was live already."""
    if moved is None:
        chosen.speaker.emit({"tag": tag, "verdict": "live already"}, lambda: print(f"{tag} is live already"))
        return
    before = f"; {moved.standby} stands by" if moved.standby else ""
    result = asdict(moved) | {"verdict": "done"}
    chosen.speaker.emit(result, lambda: print(f"{moved.tag} is live in {moved.slot}{before}"))
