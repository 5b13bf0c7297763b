"""File permissions: a folder is private to its owner, or shared with its group if setgid and group-writable.

As in git's shared repositories, the folder's mode decides, and everything created in it follows.
"""

import contextlib
import os
import shlex
import stat
from pathlib import Path

from relctl.state.person import group_of_us, us

_AGREED = stat.S_ISGID | stat.S_IWGRP


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
