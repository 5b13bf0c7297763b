"""Every error that relctl raises on purpose: what happened, what to type next, and the exit code."""

import errno

_FULL = (errno.ENOSPC, errno.EDQUOT)


class RelctlError(Exception):
    """An error in words: `message` says what and where, `hint` the next command to type."""

    exit_code = 1
    usual_hint = ""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint or self.usual_hint


def words_of(error: BaseException) -> str:
    """Say what went wrong as people read it: of the system, which file it refused, and why."""
    if not isinstance(error, OSError):
        return str(error)
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}"


def way_out(error: RelctlError | OSError) -> str:
    """What to do about an error; "" where a RelctlError has no hint."""
    if isinstance(error, RelctlError):
        return error.hint
    if error.errno in _FULL:
        return "make room on that disk (docs/runbook.md: The disk is full), then type the command again"
    return "mend that, then type the command again"


class UsageError(RelctlError):
    """The call, the configuration or the machine is not as it must be; nothing was changed."""

    exit_code = 2


class ConfigError(UsageError):
    """A configuration file is wrong: the message is `file:line: key.path: what; what would be right`."""

    usual_hint = "mend that line, then type the command again; docs/configuration.md explains every key"


class EngineError(UsageError):
    """The container engine does not answer, or refuses."""

    usual_hint = "mend what the engine names, then type the command again; relctl status says how it stands"


class ProxyError(UsageError):
    """Nginx is missing, cannot start, or refuses its configuration."""


class BuildError(UsageError):
    """An image cannot be built from what the commit holds."""


class NotProvedError(RelctlError):
    """A gate failed, or evidence for this exact image is missing."""

    exit_code = 3


class UnhealthyError(RelctlError):
    """Traffic shows a release to be worse than it may be, or does not show that it is not."""

    exit_code = 3


class LockedError(RelctlError):
    """Another relctl holds this environment's lock."""

    exit_code = 4


class RolledBackError(RelctlError):
    """The operation failed and was undone: traffic is as it was before."""

    exit_code = 5


class TakenBackError(RolledBackError):
    """Somebody else took the traffic back while it was watched; nothing is left to be undone."""

    usual_hint = "relctl history says who did what, and why"


class NeedsPersonError(RelctlError):
    """The operation failed and could not be undone: someone has to look."""

    exit_code = 6
