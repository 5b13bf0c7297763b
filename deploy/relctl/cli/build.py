"""`relctl build`: an image from HEAD's commit."""

from dataclasses import asdict
from typing import Annotated

import typer

from relctl.cli.context import settings


def build(
    context: typer.Context,
    platform: Annotated[
        str, typer.Option(help="linux/amd64 or linux/arm64.", show_default="the engine's")
    ] = "",
    allow_dirty: Annotated[
        bool, typer.Option("--allow-dirty", help="Build uncommitted changes too.")
    ] = False,
) -> None:
    """Build an image from HEAD's commit; the same commit gives the same image id."""
    from relctl.build.image import Options
    from relctl.build.image import build as build_image

    chosen = settings(context)
    project = chosen.project()
    built = build_image(project, chosen.engine(project), Options(allow_dirty, platform), chosen.speaker.say)

    def text() -> None:
        print(built.tag)

    chosen.speaker.emit(asdict(built), text)
