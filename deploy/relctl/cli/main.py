"""The `relctl` command: global options, the verbs, and how every error ends."""

import itertools
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

import relctl
from relctl.cli import (
    build,
    diff,
    down,
    history,
    lock,
    observe,
    pin,
    promote,
    proxy,
    prune,
    releases,
    rollback,
    status,
    unpin,
    verify,
)
from relctl.cli.context import Settings
from relctl.cli.interrupted import Interrupted, end_by_signals
from relctl.cli.speak import Speaker, complain
from relctl.errors import RelctlError, UsageError, way_out, words_of
from relctl.state import fault

app = typer.Typer(
    help=relctl.__doc__,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_VERBS: tuple[Callable[..., None], ...] = (
    build.build,
    verify.verify,
    diff.diff,
    promote.promote,
    observe.observe,
    rollback.rollback,
    status.status,
    releases.releases,
    history.history,
    pin.pin,
    unpin.unpin,
    prune.prune,
    lock.lock,
    down.down,
)
for _verb in _VERBS:
    app.command()(_verb)
app.add_typer(proxy.app, name="proxy")

_GLOBAL_FLAGS = ("--json", "--debug", "--no-input")
_GLOBAL_OPTIONS = ("--project", "--env")


def _version(wanted: bool) -> None:
    if wanted:
        print(f"relctl {relctl.__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    project: Annotated[
        Path | None, typer.Option(help="Folder of versions.yaml.", show_default="upward from here")
    ] = None,
    env: Annotated[str, typer.Option(envvar="RELCTL_ENV", help="Environment to work on.")] = "local",
    json: Annotated[bool, typer.Option("--json", help="Results as JSON on standard output.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    no_input: Annotated[bool, typer.Option("--no-input", help="Never ask; nothing asks today.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say it and end.")
    ] = False,
) -> None:
    """Builds, proves, switches and rolls back versioned model images behind Nginx."""
    del debug, no_input, version  # --debug is read in main(), which outlives this context
    context.obj = Settings(project, env, Speaker(json))


def main() -> None:
    """Run the command line; the exit codes are those of `relctl.errors`."""
    arguments = _globals_first(sys.argv[1:])
    end_by_signals()
    try:
        _arm()
        app(arguments, prog_name="relctl")
    except Interrupted as interrupted:
        print(f"relctl: interrupted by {interrupted}; relctl status says how it stands", file=sys.stderr)
        sys.exit(interrupted.exit_code)
    except BrokenPipeError:
        # Whoever read our output has enough; Python would complain once more while it closes the pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)
    except Exception as error:  # noqa: BLE001 - the last door: no traceback unless it was asked for
        if "--debug" in arguments:
            traceback.print_exc()
        sys.exit(_complain(error))


def _arm() -> None:
    """Let relctl's own tests have it killed; nobody shall do so without noticing."""
    words = fault.arm(os.environ.get(fault.VARIABLE))
    if words:
        print(f"relctl: {words}", file=sys.stderr)


def _complain(error: Exception) -> int:
    """Say what went wrong in words; returns the exit code."""
    if isinstance(error, RelctlError):
        complain(error)
        return error.exit_code
    if isinstance(error, OSError):
        complain(UsageError(words_of(error), way_out(error)))
        return UsageError.exit_code
    complain(
        RelctlError(
            f"a defect of relctl: {type(error).__name__}: {error}",
            "the same command with --debug shows where; please report it",
        )
    )
    return RelctlError.exit_code


def _globals_first(arguments: list[str]) -> list[str]:
    """Let the global options stand behind the verb as well, where people type them."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    moved, rest = [], []
    words = iter(arguments[:end])
    for word in words:
        if word in _GLOBAL_FLAGS or word.startswith(tuple(f"{option}=" for option in _GLOBAL_OPTIONS)):
            moved.append(word)
        elif word in _GLOBAL_OPTIONS:
            moved += [word, *itertools.islice(words, 1)]
        else:
            rest.append(word)
    return moved + rest + arguments[end:]
