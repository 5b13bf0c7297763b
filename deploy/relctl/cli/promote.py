"""`relctl promote`: switch traffic to a verified release."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from relctl.cli.completion import Release
from relctl.cli.context import DryRun, Reason, Settings, Waiting, settings, tell_plan
from relctl.cli.output import show
from relctl.cli.policy import with_policy

if TYPE_CHECKING:
    from relctl.rollout.move import SwitchResult


def promote(
    context: typer.Context,
    tag: Release,
    force: Annotated[bool, typer.Option("--force", help="Promote without evidence; needs --reason.")] = False,
    reason: Reason = "",
    canary: Annotated[
        str,
        typer.Option(
            metavar="PERCENTS",
            help="Canary steps in percent before the switch, like 5,25; or none.",
            show_default="the environment's",
        ),
    ] = "",
    observe: Annotated[
        str,
        typer.Option(
            metavar="DURATION",
            help="How long to observe it, like 30m, or '300 requests or 30m'.",
            show_default="the environment's",
        ),
    ] = "",
    wait: Waiting = "",
    dry_run: DryRun = False,
) -> None:
    """Switch live traffic to a verified release; the previous one keeps running as the standby."""
    from relctl.errors import UsageError
    from relctl.rollout.promote import promote as promote_release

    if force != bool(reason.strip()):
        raise UsageError("--force and --reason go together", f'relctl promote {tag} --force --reason "…"')
    chosen = settings(context)
    release = chosen.tag(tag)
    project = chosen.project()
    chosen.tell_overrides(project)
    host = chosen.stage(wait, dry_run, with_policy(project, canary, observe))
    moved = promote_release(host, release, reason.strip())
    if dry_run:
        tell_plan(chosen.speaker, host.steps.reached)
    else:
        tell(chosen, str(release), moved)


def tell(chosen: Settings, tag: str, moved: "SwitchResult | None") -> None:
    """Say how a promote or a rollback ended; None is a release that was live already."""
    if moved is None:
        chosen.speaker.emit({"tag": tag, "verdict": "live already"}, lambda: show(f"{tag} is live already"))
        return
    before = f"; {moved.standby} stands by" if moved.standby else ""
    result = asdict(moved) | {"verdict": "done"}
    chosen.speaker.emit(result, lambda: show(f"{moved.tag} is live in {moved.slot}{before}"))
