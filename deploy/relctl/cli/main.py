"""The `relctl` command: global options, verbs, and the output and exit code of every error."""

import os
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

import relctl
from relctl.cli.completion import environments
from relctl.cli.context import Settings
from relctl.cli.output import (
    Speaker,
    complain,
    complain_json,
    expect_no_reader,
    show,
    show_traceback,
    warn,
    write_what_cannot_be_encoded,
)
from relctl.cli.verbs import Relctl
from relctl.errors import FileError, RelctlError, UsageError, way_out, words_of
from relctl.state import fault_points
from relctl.state.signals import Interrupted, end_by_signals, heed_no_more

app = typer.Typer(
    cls=Relctl,
    help=relctl.__doc__,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_GLOBAL = "Global options, before or after the verb"


def _version(wanted: bool) -> None:
    if wanted:
        show(f"relctl {relctl.__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    project: Annotated[
        Path | None,
        typer.Option(
            help="Folder of versions.yaml.", show_default="upward from here", rich_help_panel=_GLOBAL
        ),
    ] = None,
    env: Annotated[
        str,
        typer.Option(
            envvar="RELCTL_ENV",
            help="Environment to work on.",
            rich_help_panel=_GLOBAL,
            autocompletion=environments,
        ),
    ] = "local",
    json: Annotated[
        bool,
        typer.Option(
            "--json", help="Result as JSON on stdout, error as JSON on stderr.", rich_help_panel=_GLOBAL
        ),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress on stderr.", rich_help_panel=_GLOBAL)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.", rich_help_panel=_GLOBAL)] = False,
    no_input: Annotated[
        bool, typer.Option("--no-input", help="Never ask; nothing asks today.", rich_help_panel=_GLOBAL)
    ] = False,
    version: Annotated[
        bool,
        typer.Option("--version", "-V", callback=_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Build, verify, promote and roll back versioned model images behind Nginx."""
    del debug, no_input, version  # --debug is read in main(), which outlives this context
    context.obj = Settings(project, env, Speaker(json, quiet))


def main() -> None:
    """Run the command line; the exit codes are those of `relctl.errors`."""
    arguments = sys.argv[1:]
    end_by_signals()
    try:
        write_what_cannot_be_encoded()
        _arm()
        sys.exit(app(arguments, prog_name="relctl", standalone_mode=False))
    except Interrupted as interrupted:
        heed_no_more()
        sys.exit(_told_interruption(interrupted, as_json=_typed("--json", arguments)))
    except BrokenPipeError:
        expect_no_reader()
        sys.exit(128 + signal.SIGPIPE)
    except Exception as error:  # noqa: BLE001 - no traceback without --debug
        if _typed("--debug", arguments):
            show_traceback()
        sys.exit(_told(error, as_json=_typed("--json", arguments)))


def _typed(option: str, arguments: list[str]) -> bool:
    """Return whether a flag was typed, also on a command line that cannot be parsed."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return option in arguments[:end]


def _arm() -> None:
    """Arm the fault points of the tests, and warn: nobody must set them unknowingly."""
    words = fault_points.arm(os.environ.get(fault_points.VARIABLE))
    if words:
        warn(f"relctl: {words}")


def _told(error: Exception, *, as_json: bool) -> int:
    """Report an error as text or JSON; return its exit code."""
    found = _in_words(error)
    if as_json:
        complain_json(found)
    elif found.message:  # without arguments typer has shown the help, and the message is empty
        if context := getattr(error, "ctx", None):
            warn(context.get_usage())
        complain(found)
    return found.exit_code


def _told_interruption(interrupted: Interrupted, *, as_json: bool) -> int:
    """Report the signal that ended the command as text or JSON; return the exit code."""
    if as_json:
        found = RelctlError(f"interrupted by {interrupted}", "relctl status shows the state")
        found.exit_code = interrupted.exit_code
        complain_json(found)
    else:
        warn(f"relctl: interrupted by {interrupted}; relctl status shows the state")
    return interrupted.exit_code


def _in_words(error: Any) -> RelctlError:
    """Convert any error into a RelctlError with the right exit code."""
    if isinstance(error, RelctlError):
        return error
    if hasattr(error, "format_message"):  # typer's own errors; their module differs between its versions
        found: RelctlError = UsageError(error.format_message(), f"{_called(error)} --help")
        found.exit_code = int(error.exit_code)
    elif isinstance(error, OSError):
        found = UsageError(words_of(error), way_out(error))
        found.exit_code = error.exit_code if isinstance(error, FileError) else UsageError.exit_code
    else:
        found = RelctlError(
            f"a bug in relctl: {type(error).__name__}: {error}",
            "run the same command with --debug for the traceback, and please report it",
        )
    return found


def _called(error: Any) -> str:
    return str(error.ctx.command_path) if error.ctx else "relctl"
