"""The user at work, as named in ledger and lock: identified by the kernel, not by variables."""

import contextlib
import grp
import os
import pwd
import socket

ENGINE_GROUP = "docker"  # its members are root through the engine, so relctl may be shared with it


def who() -> str:
    """Return `user@host`, and the user behind sudo: `root@host (sudo by ops)`."""
    user, behind = name_of(os.getuid()), _sudoer()
    by = f" (sudo by {behind})" if behind not in ("", user) else ""
    return f"{user}@{socket.gethostname()}{by}"


def name_of(uid: int) -> str:
    """Return a user's name, or the uid if there is none, as in a container."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _sudoer() -> str:
    """Return the user behind sudo, "" if none; as it comes from a variable, only existing users count."""
    try:
        return pwd.getpwnam(os.environ.get("SUDO_USER", "")).pw_name
    except (KeyError, ValueError):
        return ""


def us() -> set[int]:
    """Return the uids of root, the current user and the user behind sudo; git trusts the same."""
    behind = os.environ.get("SUDO_UID", "") if os.geteuid() == 0 else ""
    return {0, os.geteuid()} | ({int(behind)} if behind.isdecimal() else set())


def group_of_us() -> str:
    """Return the best group to share relctl with: docker's for its members, else the user's own."""
    ours = {os.getegid(), *os.getgroups()}
    with contextlib.suppress(KeyError):
        if grp.getgrnam(ENGINE_GROUP).gr_gid in ours:
            return ENGINE_GROUP
    return str(os.getegid())
