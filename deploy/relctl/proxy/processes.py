"""Choose the user of Nginx's workers, find them, and refuse workers of root on an exposed Nginx."""

import ipaddress
import os
import pwd
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from relctl.errors import ProxyError

USUAL = ("www-data", "nginx", "nobody")
_TITLE = b"nginx: worker process"
_ENGINE = Path("/var/run/docker.sock")


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


@dataclass(frozen=True)
class Worker:
    """One worker; `started`, in clock ticks since boot, distinguishes it from a later process of its pid."""

    pid: int
    started: int
    leaving: bool = field(compare=False)  # accepts no connections, finishes its requests


def find(error_log: Path) -> set[Worker]:
    """Return the workers of the Nginx that writes to `error_log`: each holds it as standard error.

    The parent cannot identify them: orphans have none. Only root sees another user's workers.
    """
    return {worker for process in Path("/proc").glob("[0-9]*") for worker in _worker(process, str(error_log))}


def serving(workers: set[Worker]) -> set[Worker]:
    """Return the workers that accept connections."""
    return {worker for worker in workers if not worker.leaving}


def _worker(process: Path, error_log: str) -> Iterator[Worker]:
    try:
        title = (process / "cmdline").read_bytes()
        if not title.startswith(_TITLE):
            return
        held = str((process / "fd" / "2").readlink())
        started = int((process / "stat").read_text().rpartition(")")[2].split()[19])
    except OSError:  # it has ended, or belongs to another user
        return
    # until USR1 it holds a rotated log under its new name (error.log.1, or "error.log.1 (deleted)")
    if held.startswith(error_log):
        yield Worker(int(process.name), started, b"shutting down" in title)


def insist_on_unprivileged(user: str, folder: Path, listen: Sequence[str]) -> None:
    """Raise ProxyError if the workers' `user`, chosen to enter `folder`, is root and not only on loopback.

    The same holds for users of the engine: a worker has all groups of its user.
    """
    account = account_of(user) if user else None
    outside = [each for each in listen if not is_loopback(each)]
    mighty = _mighty(account) if account else ""
    if mighty and outside:
        raise ProxyError(
            f"Nginx's workers would be {mighty}, on {', '.join(outside)}: no other user can enter {folder}",
            f"{_way_in(folder)}; or listen on 127.0.0.1, or move state_dir (docs/how-to/install.md)",
        )


def _mighty(account: pwd.struct_passwd) -> str:
    """Name a user with power over the whole machine, "" for any other."""
    if account.pw_uid == 0:
        return "root"
    groups = os.getgrouplist(account.pw_name, account.pw_gid)
    if _ENGINE.exists() and _ENGINE.stat().st_gid in groups:
        return f"{account.pw_name}, who may use Docker, as good as root"
    return ""


def is_loopback(address: str) -> bool:
    """Return whether only this machine can reach `host:port`; False if it is not an address."""
    host = address.rpartition(":")[0].strip("[]")
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _way_in(folder: Path) -> str:
    """Return the command that lets an unprivileged user reach the pointer, without listing a folder."""
    account = next(filter(None, map(account_of, USUAL)), None)
    if account is None:
        return "useradd --system --shell /usr/sbin/nologin nginx"
    command = shlex.join(["chmod", "a+x", *map(str, reversed(barred(folder, account)))])
    return f"{command} lets {account.pw_name} through"
