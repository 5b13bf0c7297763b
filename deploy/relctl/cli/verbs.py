"""The verbs by name, each imported when it is typed, and the global options that each takes."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

# In the order of the help. Each names a module with a function of that name, or with a typer `app`.
NAMES = (
    "build",
    "verify",
    "diff",
    "promote",
    "observe",
    "rollback",
    "status",
    "logs",
    "releases",
    "history",
    "config",
    "pin",
    "unpin",
    "prune",
    "lock",
    "down",
    "proxy",
    "help",
)
SHARED = ("project", "env", "json", "quiet", "debug", "no_input")


class Verb(TyperCommand):
    """A command that also takes the global options."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return its own options, then the global ones, which main.py declares."""
        return [*super().get_params(ctx), *_shared(ctx)]

    def invoke(self, ctx: Any) -> Any:
        """Run it with the global options typed before or after the verb."""
        _merge(ctx)
        return super().invoke(ctx)


class VerbGroup(TyperGroup):
    """A verb with verbs of its own, like `proxy up`."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the same as `Verb`."""
        return [*super().get_params(ctx), *_shared(ctx)]

    def invoke(self, ctx: Any) -> Any:
        """Run it like `Verb`; the option typed last wins."""
        _merge(ctx)
        return super().invoke(ctx)


class Relctl(TyperGroup):
    """The whole command, which imports a verb's module when its name is typed."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands: Any = _Imported()

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - as typer calls it
        """Return the names without importing the verbs."""
        return list(NAMES)


class _Imported(Mapping[str, Any]):
    """The commands by name; a lookup imports the command."""

    def __init__(self) -> None:
        self._known: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in NAMES:
            raise KeyError(name)
        if name not in self._known:
            self._known[name] = _imported(name)
        return self._known[name]

    def __contains__(self, name: object) -> bool:
        return name in NAMES

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


def _imported(name: str) -> Any:
    module = import_module(f"relctl.cli.{name}")
    several: typer.Typer | None = getattr(module, "app", None)
    if several is not None:
        command = typer.main.get_command(several)
        command.name = name
        return command
    one = typer.Typer(add_completion=False)
    one.command(name, cls=Verb)(getattr(module, name))
    return typer.main.get_command(one)


def _shared(ctx: Any) -> list[Any]:
    declared = {each.name: each for each in ctx.find_root().command.params}
    return [declared[name] for name in SHARED if name in declared]


def typed(ctx: Any) -> dict[str, Any]:
    """Return the global options typed in this context, by name."""
    return {name: ctx.params[name] for name in SHARED if name in ctx.params and _is_typed(ctx, name)}


def _merge(ctx: Any) -> None:
    """Move the global options from the verb's parameters into the settings; those typed later win."""
    found = typed(ctx)
    for name in SHARED:
        ctx.params.pop(name, None)
    if found:
        ctx.obj = ctx.obj.under(found)


def _is_typed(ctx: Any, name: str) -> bool:
    source = ctx.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
