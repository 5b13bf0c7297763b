"""Choose the user of Nginx's workers: one that can read the pointer, and little else."""

import os
import pwd
from pathlib import Path

from relctl.errors import ProxyError

USUAL = ("www-data", "nginx", "nobody")


def worker_user(folder: Path, root: bool | None = None) -> str:
    """Return the user for the managed Nginx's workers, "" if its master does not run as root.

    `root`: whether it does; by default whether the calling user is root.

    A usual unprivileged user if it can enter `folder`; else the folder's owner, as workers that cannot follow
    the pointer would answer only 503.
    """
    if not (os.geteuid() == 0 if root is None else root):
        return ""
    for name in USUAL:
        account = account_of(name)
        if account is not None and not barred(folder, account):
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


def account_of(name: str) -> pwd.struct_passwd | None:
    """Return a user of this machine, None if there is none of that name."""
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def barred(folder: Path, account: pwd.struct_passwd) -> list[Path]:
    """Return each folder on the path that keeps a user out, the topmost last; missing ones get 0755."""
    groups = set(os.getgrouplist(account.pw_name, account.pw_gid))
    keeping_out = []
    for path in (folder, *folder.parents):
        if not path.exists():
            continue
        found = path.stat()
        shift = 6 if found.st_uid == account.pw_uid else 3 if found.st_gid in groups else 0
        if not (found.st_mode >> shift) & 1:
            keeping_out.append(path)
    return keeping_out
