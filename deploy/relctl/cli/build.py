"""`relctl build`: an image from HEAD's commit."""

from dataclasses import asdict
from typing import Annotated

import typer

from relctl.cli.context import DryRun, settings, tell_plan
from relctl.cli.output import show


def build(
    context: typer.Context,
    platform: Annotated[
        str, typer.Option(help="linux/amd64 or linux/arm64.", show_default="the engine's")
    ] = "",
    allow_dirty: Annotated[
        bool, typer.Option("--allow-dirty", help="Build uncommitted changes too.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Build an image from HEAD's commit; the same commit gives the same image id."""
    from relctl.build.image import Options, describe_build
    from relctl.build.image import build as build_image

    chosen = settings(context)
    project = chosen.project()
    engine, options = chosen.engine(project), Options(allow_dirty, platform)
    if dry_run:
        return tell_plan(chosen.speaker, [describe_build(project, engine, options)])
    built = build_image(project, engine, options, chosen.speaker.say)

    def text() -> None:
        show(built.tag)

    return chosen.speaker.emit(asdict(built), text)
