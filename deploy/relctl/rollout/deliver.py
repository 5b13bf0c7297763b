"""Deliver a message to one hook of the environment: its program or its webhook."""

import threading
from collections.abc import Sequence
from pathlib import Path

from relctl.config.environment import Hook
from relctl.state.fault_points import effect

_SHORTEST_SECRET = 6  # characters; a shorter argument is an option or a name
_UNREACHABLE = "it cannot be reached"


def deliver(hook: Hook, folder: Path, body: bytes) -> str:
    """Deliver a message; returns the reason of a failure, "" on success. Programs run in `folder`."""
    with effect("notify"):
        if hook.run is not None:
            return _run(hook.run, folder, body, hook.timeout)
        return _to_webhook(hook, body)


def _to_webhook(hook: Hook, body: bytes) -> str:

    return post(hook.webhook.get_secret_value(), body, hook.timeout) if hook.webhook else ""


def _run(command: Sequence[str], folder: Path, body: bytes, timeout: float) -> str:
    """Run the hook's program. Errors name the program only: arguments may be secrets, even in its output."""
    from relctl.process import run_within

    try:
        ended = run_within(command, folder, {}, body, timeout)
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


def post(url: str, body: bytes, timeout: float) -> str:
    """POST a JSON body; return the reason of a failure, "" on success (2xx).

    A redirect is a failure, since the event would go to another server. A URL may hold a secret, and so may
    a library's error message: the returned text contains neither.
    """
    outcome: list[str] = []
    # A thread, because a DNS lookup or a trickling answer cannot be given a total time limit.
    thread = threading.Thread(target=lambda: outcome.append(_post(url, body, timeout)), daemon=True)
    thread.start()
    thread.join(timeout)
    return outcome[0] if outcome else _late(timeout)


def _post(url: str, body: bytes, timeout: float) -> str:
    import requests  # imported here: only webhooks need it

    headers = {"Content-Type": "application/json", "User-Agent": "relctl"}
    try:
        with requests.post(
            url, data=body, headers=headers, timeout=timeout, allow_redirects=False, stream=True
        ) as answer:
            return "" if answer.status_code // 100 == 2 else f"it answered {answer.status_code}"
    except requests.Timeout:
        return _late(timeout)
    except requests.exceptions.SSLError:
        return f"{_UNREACHABLE}: no trusted TLS connection"
    except Exception as error:  # noqa: BLE001 - any message of the library may hold the URL
        cause = _cause(error)
        return f"{_UNREACHABLE}: {cause}" if cause else f"{_UNREACHABLE} ({type(error).__name__})"


def _late(timeout: float) -> str:
    return f"no answer within {timeout:g} s"


def _cause(error: BaseException | None) -> str:
    """Return the operating system's error text from the bottom of the exception chain."""
    found = ""
    while error is not None:
        found = getattr(error, "strerror", None) or found
        error = error.__cause__ or error.__context__
    return found
