"""`relctl help`: the help of relctl or of a verb."""

from typing import Annotated

import typer

from relctl.cli.verbs import NAMES


def help(  # noqa: A001 - the verb's name
    context: typer.Context,
    verb: Annotated[
        list[str] | None,
        typer.Argument(help="A verb, like promote or proxy up.", autocompletion=lambda: list(NAMES)),
    ] = None,
) -> None:
    """Show the help of relctl or of a verb."""
    command = context.find_root().command
    command.main([*(verb or ()), "--help"], prog_name="relctl", standalone_mode=False)
