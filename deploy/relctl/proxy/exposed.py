"""Refuse workers of root on an exposed Nginx: breaking into one would give the whole machine."""

import ipaddress
import os
import pwd
import shlex
from collections.abc import Sequence
from pathlib import Path

from relctl.errors import ProxyError
from relctl.proxy.worker import USUAL, account_of, barred

_ENGINE = Path("/var/run/docker.sock")


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
