"""Deliver a message to one hook of the environment: its program or its webhook."""

from collections.abc import Sequence
from pathlib import Path

from relctl.config.environment import Hook

_SHORTEST_SECRET = 6  # characters; a shorter argument is an option or a name


def deliver(hook: Hook, folder: Path, body: bytes) -> str:
    """Deliver a message; returns the reason of a failure, "" on success. Programs run in `folder`."""
    if hook.run is not None:
        return _run(hook.run, folder, body, hook.timeout)
    return _post(hook, body)


def _post(hook: Hook, body: bytes) -> str:
    from relctl.hooks.webhook import post

    return post(hook.webhook.get_secret_value(), body, hook.timeout) if hook.webhook else ""


def _run(command: Sequence[str], folder: Path, body: bytes, timeout: float) -> str:
    """Run the hook's program. Errors name the program only: arguments may be secrets, even in its output."""
    from relctl.hooks.program import run

    try:
        ended = run(command, folder, {}, body, timeout)
    except (OSError, ValueError) as error:
        return f"{command[0]} cannot be run: {getattr(error, 'strerror', None) or error}"
    if ended.code is None:
        return f"{command[0]} was not done within {timeout:g} s, and is killed"
    return (
        f"{command[0]} ended with {ended.code}: {_without(ended.last_line, command[1:])}"
        if ended.code
        else ""
    )


def _without(words: str, arguments: Sequence[str]) -> str:
    for argument in sorted(arguments, key=len, reverse=True):
        if len(argument) >= _SHORTEST_SECRET:
            words = words.replace(argument, "…")
    return words
