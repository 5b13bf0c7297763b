"""Which user Nginx's workers run as: one that can read the pointer, and as little else as possible."""

import os
import pwd
from pathlib import Path

from relctl.errors import ProxyError

_USUAL = ("www-data", "nginx", "nobody")


def worker_user(folder: Path) -> str:
    """Return the user for the managed Nginx's workers, "" when Nginx is not started by root.

    A usual unprivileged user where it can enter `folder`; else the folder's owner, since workers that
    cannot follow the pointer would answer nothing but 503.
    """
    if os.geteuid() != 0:
        return ""
    for name in _USUAL:
        account = _account(name)
        if account is not None and _can_enter(folder, account):
            return name
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    owner = existing.stat().st_uid
    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:
        raise ProxyError(
            f"{existing} belongs to user number {owner}, who has no name here; Nginx's workers need one",
            f"chown {existing}, or let everybody enter it: chmod a+x {existing}",
        ) from None


def _account(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _can_enter(folder: Path, account: pwd.struct_passwd) -> bool:
    """Follow the permission bits of every folder on the way; folders still missing are made with 0755."""
    groups = set(os.getgrouplist(account.pw_name, account.pw_gid))
    for path in (folder, *folder.parents):
        if not path.exists():
            continue
        found = path.stat()
        shift = 6 if found.st_uid == account.pw_uid else 3 if found.st_gid in groups else 0
        if not (found.st_mode >> shift) & 1:
            return False
    return True
