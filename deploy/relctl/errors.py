"""The errors that relctl raises on purpose: what happened, what to run next, and the exit code."""

import errno
from pathlib import Path

_FULL = (errno.ENOSPC, errno.EDQUOT)


class RelctlError(Exception):
    """An error with a message (what and where) and a hint (the next command to run)."""

    exit_code = 1
    usual_hint = ""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint or self.usual_hint


class FileError(OSError):
    """A state file that must not be used as it is: `strerror` has the reason, `hint` the fix."""

    exit_code = 2

    def __init__(self, number: int, why: str, path: Path, hint: str) -> None:
        super().__init__(number, why, str(path))
        self.hint = hint


class HeldFileError(FileError):
    """A timeout while another process holds the kernel lock on a file."""

    exit_code = 4


def words_of(error: BaseException) -> str:
    """Describe an error for people; for an OS error include the file and the reason."""
    if not isinstance(error, OSError):
        return str(error)
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}"


def way_out(error: RelctlError | OSError) -> str:
    """Return the hint of an error, "" for a RelctlError without one."""
    if isinstance(error, RelctlError | FileError):
        return error.hint
    if error.errno in _FULL:
        return "make room on that disk (docs/how-to/runbook.md: The disk is full), then run the command again"
    return "fix that and run the command again"


class UsageError(RelctlError):
    """The command, the configuration or the machine is not usable as it is; nothing was changed."""

    exit_code = 2


class ConfigError(UsageError):
    """A configuration file is wrong; the message is `file:line: key.path: problem; correct form`."""

    usual_hint = (
        "fix these lines and run the command again; docs/reference/configuration.md explains every key"
    )


class EngineError(UsageError):
    """The container engine does not answer, or rejects a request."""

    usual_hint = "fix what the engine reports and run the command again; relctl status shows the state"


class ProxyError(UsageError):
    """Nginx is missing, cannot start, or rejects its configuration."""


class BuildError(UsageError):
    """An image cannot be built from the content of the commit."""


class NotProvedError(RelctlError):
    """A gate failed, or evidence for this exact image is missing."""

    exit_code = 3


class UnhealthyError(RelctlError):
    """Traffic shows that a release is worse than allowed, or is too little to show that it is not."""

    exit_code = 3


class LockedError(RelctlError):
    """Another relctl holds this environment's lock."""

    exit_code = 4


class RolledBackError(RelctlError):
    """The operation failed and was undone: traffic goes where it went before."""

    exit_code = 5


class TakenBackError(RolledBackError):
    """Another command ended the operation during its observation; nothing is left to undo."""

    usual_hint = "relctl history shows who did what, and why"


class NeedsPersonError(RelctlError):
    """The operation failed and could not be undone; an operator must act."""

    exit_code = 6
