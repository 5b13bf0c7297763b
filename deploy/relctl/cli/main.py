"""The `relctl` command: global options, the verbs, and how every error ends."""

import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

import relctl
from relctl.cli import build, down, history, lock, promote, proxy, releases, rollback, status, verify
from relctl.cli.context import Settings
from relctl.cli.speak import Speaker, complain
from relctl.errors import RelctlError

app = typer.Typer(
    help=relctl.__doc__,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _verb in (build.build, verify.verify, promote.promote, rollback.rollback, status.status):
    app.command()(_verb)
for _verb in (releases.releases, history.history, lock.lock, down.down):
    app.command()(_verb)
app.add_typer(proxy.app, name="proxy")

_GLOBAL_FLAGS = ("--json", "--debug", "--no-input")


class Interrupted(BaseException):
    """A person, or the system, asked this process to end; every step on the way out is undone."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


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
    arguments = _flags_first(sys.argv[1:])
    debug = "--debug" in arguments
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        app(arguments, prog_name="relctl")
    except RelctlError as error:
        if debug:
            raise
        complain(error)
        sys.exit(error.exit_code)
    except Interrupted as interrupted:
        print(f"relctl: interrupted by {interrupted}; what was begun is undone", file=sys.stderr)
        sys.exit(interrupted.exit_code)
    except OSError as error:
        if debug:
            raise
        complain(_of_system(error))
        sys.exit(2)


def _flags_first(arguments: list[str]) -> list[str]:
    """Let the global flags stand behind the verb as well, where people type them."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    flags = [word for word in arguments[:end] if word in _GLOBAL_FLAGS]
    return flags + [word for word in arguments[:end] if word not in _GLOBAL_FLAGS] + arguments[end:]


def _interrupt(number: int, _frame: FrameType | None) -> None:
    raise Interrupted(number)


def _of_system(error: OSError) -> RelctlError:
    """Full disks, missing permissions: the system's own words, and the file."""
    where = f"{error.filename}: " if error.filename else ""
    return RelctlError(f"{where}{error.strerror or error}", "mend that, or choose another RELCTL_STATE_DIR")
