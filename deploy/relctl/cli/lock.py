"""`relctl lock`: pin requirements and Debian packages."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from relctl.cli.context import DryRun, Settings, settings, tell_plan
from relctl.cli.output import show
from relctl.errors import UsageError

if TYPE_CHECKING:
    from relctl.build.lock_files import Locked


def lock(
    context: typer.Context,
    base: Annotated[bool, typer.Option("--base", help="Only the base's Debian packages.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit code 2 if a lock is stale.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Pin the Python requirements by hash, and the base's Debian packages by version and hash."""
    chosen = settings(context)
    if dry_run:
        _tell_dry_run(chosen, base, check)
        return
    found = _lock(chosen, base, check)
    result = {str(each.path): [asdict(change) for change in each.changes] for each in found}
    chosen.speaker.emit(result, lambda: _print(found))
    stale = [each.path.name for each in found if each.changes]
    if check and stale:
        raise UsageError(f"{', '.join(stale)}: newer versions are available", "relctl lock")


def _tell_dry_run(chosen: Settings, base: bool, check: bool) -> None:
    from relctl.build.lock_files import describe_lock

    if check:
        raise UsageError("--check changes nothing, so --dry-run has no plan to show", "relctl lock --check")
    tell_plan(chosen.speaker, [describe_lock(chosen.project(), base)])


def _lock(chosen: Settings, base: bool, check: bool) -> "list[Locked]":
    from relctl.build.lock_files import check_base, check_requirements, lock_base, lock_requirements

    project, say = chosen.project(), chosen.speaker.say
    found = [] if base else [(check_requirements if check else lock_requirements)(project, say)]
    if base or project.versions.base.lock:
        found.append((check_base if check else lock_base)(project, say))
    return found


def _print(found: "list[Locked]") -> None:
    for each in found:
        show(f"{each.path}: {len(each.changes)} changed")
        for change in each.changes:
            show(f"  {change.name}  {change.old or '(new)'} -> {change.new or '(gone)'}")
