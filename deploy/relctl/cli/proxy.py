"""`relctl proxy up|down|check`: control Nginx."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from relctl.cli.context import DryRun, Settings, Waiting, settings, tell_plan
from relctl.cli.output import show
from relctl.cli.verbs import Verb, VerbGroup

if TYPE_CHECKING:
    from relctl.proxy.proxy import Proxy
    from relctl.rollout.doors import ProxyDoor

app = typer.Typer(cls=VerbGroup, help="Start, stop or test Nginx.", no_args_is_help=True)


@app.command(cls=Verb)
def up(context: typer.Context, wait: Waiting = "", dry_run: DryRun = False) -> None:
    """Start Nginx, or bring its configuration up to date; reloads only when the text changed."""
    from relctl.rollout.ensure_proxy import up as bring_up

    chosen = settings(context)
    host = chosen.stage(wait, dry_run)
    change = bring_up(host)
    if dry_run:
        return tell_plan(chosen.speaker, host.steps.reached)
    return _tell(chosen, host.proxy, "unchanged" if change == "none" else change)


@app.command(cls=Verb)
def down(context: typer.Context, wait: Waiting = "", dry_run: DryRun = False) -> None:
    """Stop the managed Nginx once its requests are finished; the service is unreachable afterwards."""
    from relctl.rollout.down import down_proxy
    from relctl.rollout.host import paths_of
    from relctl.rollout.rehearsed_doors import RehearsedProxy
    from relctl.state.steps import Steps

    chosen, steps = settings(context), Steps()
    paths = paths_of(chosen.project())
    if dry_run:
        down_proxy(RehearsedProxy(chosen.project(), paths), paths, chosen.look(wait), steps)
        return tell_plan(chosen.speaker, steps.reached)
    proxy = _proxy(chosen)
    stopped = down_proxy(proxy, paths, chosen.hold(wait), steps)
    return _tell(chosen, proxy, "stopped" if stopped else "was not running")


@app.command(cls=Verb)
def check(context: typer.Context) -> None:
    """Test the configuration without installing it.

    For a managed Nginx, test what the templates render now; in system mode, the installed configuration.
    """
    chosen = settings(context)
    proxy = _proxy(chosen)
    proxy.check()
    _tell(chosen, proxy, "the configuration is valid")


def _proxy(chosen: Settings) -> "Proxy":
    from relctl.proxy.proxy import Proxy
    from relctl.rollout.host import paths_of

    project = chosen.project()
    return Proxy(project, paths_of(project))


def _tell(chosen: Settings, proxy: "ProxyDoor", what: str) -> None:
    state = proxy.state()
    where = f"pid {state.pid}, " if state.pid else ""
    text = f"Nginx ({state.mode}, {where}{state.url}): {what}; {state.config}"
    chosen.speaker.emit(asdict(state) | {"change": what}, lambda: show(text))
