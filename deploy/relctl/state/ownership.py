"""Name the user at work, and set who else may read and write a folder: its owner, or its group if setgid."""

import contextlib
import grp
import os
import pwd
import shlex
import socket
import stat
from pathlib import Path

ENGINE_GROUP = "docker"  # its members are root through the engine, so relctl may be shared with it
_AGREED = stat.S_ISGID | stat.S_IWGRP


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


def is_shared(facts: os.stat_result) -> bool:
    """Return whether a folder is shared with its group."""
    return facts.st_mode & _AGREED == _AGREED


def file_mode(folder: os.stat_result) -> int:
    """Return the mode of a file in a folder: others must not open it, since an opener can hold its lock."""
    return 0o660 if is_shared(folder) else 0o600


def folder_mode(parent: os.stat_result) -> int:
    """Return the mode of a subfolder: Nginx's workers, running as another user, must be able to enter."""
    return 0o2775 if is_shared(parent) else 0o755


def hand_over(descriptor: int, folder: os.stat_result) -> None:
    """Give a file created through sudo to the owner of its folder, who must be able to go on without sudo.

    Files created by root itself stay root's; in a shared folder they get the folder's group.
    """
    found, ours = os.fstat(descriptor), os.geteuid() == 0 and folder.st_uid in us()
    if ours and (found.st_uid, found.st_gid) != (folder.st_uid, folder.st_gid):
        with contextlib.suppress(PermissionError):  # root without CAP_CHOWN, as in some containers
            os.fchown(descriptor, folder.st_uid, folder.st_gid)


def share_command(folder: Path) -> str:
    """Return the command that shares a folder and its content with the user's group."""
    where = shlex.quote(str(folder))
    inner = (
        f"chgrp -R {group_of_us()} {where} && chmod -R g+rwX {where}"
        f" && find {where} -type d -exec chmod g+s {{}} +"
    )
    return f"sudo sh -c {shlex.quote(inner)}"
