"""Delivering a message to one hook of the environment: its program or its webhook."""

from collections.abc import Sequence
from pathlib import Path

from relctl.config.notify import Hook


def deliver(hook: Hook, folder: Path, body: bytes) -> str:
    """Hand a message over; returns why it failed, "" when it did not. Programs run in `folder`."""
    if hook.run is not None:
        return _run(hook.run, folder, body, hook.timeout)
    return _post(hook, body)


def _post(hook: Hook, body: bytes) -> str:
    from relctl.hooks.webhook import post

    return post(hook.webhook.get_secret_value(), body, hook.timeout) if hook.webhook else ""


def _run(command: Sequence[str], folder: Path, body: bytes, timeout: float) -> str:
    """Of a command only the program is named: an argument may be a secret."""
    from relctl.hooks.program import run

    try:
        ended = run(command, folder, {}, body, timeout)
    except (OSError, ValueError) as error:
        return f"{command[0]} cannot be run: {getattr(error, 'strerror', None) or error}"
    if ended.code is None:
        return f"{command[0]} was not done within {timeout:g} s, and is killed"
    return f"{command[0]} ended with {ended.code}: {ended.last_line}" if ended.code else ""
