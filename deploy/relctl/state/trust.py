"""Checking who owns relctl's folders: root, the user, or a group of the user, as ssh does for its files."""

import grp
import os
import pwd
import shlex
import stat
from pathlib import Path

from relctl.errors import UsageError
from relctl.state.opening import a_link
from relctl.state.ownership import ENGINE_GROUP, is_shared, name_of, share_command, us
from relctl.state.paths import Paths


def insist_on_trust(project: Path, paths: Paths) -> None:
    """Raise UsageError for a project or state directory that another user owns or may write to.

    Missing folders are created correctly later. The state directory itself may be reached through links.
    """
    _insist_on_owner(project, "the project")
    folders = (paths.home, paths.routes, paths.proxy, paths.slots, paths.evidence)
    for folder in folders:
        if folder.is_symlink():
            raise a_link(folder)
    for folder in filter(Path.exists, (paths.state, *folders, paths.cache)):  # the cache may be a link
        _insist_on_owner(folder, "the state directory")
        _insist_on_mode(folder)


def insist_on_no_links(folder: Path) -> None:
    """Raise FileError for a link in a folder: programs run by root would write through it."""
    for each in folder.iterdir():
        if each.is_symlink():
            raise a_link(each)


def _insist_on_owner(folder: Path, what: str) -> None:
    facts = folder.stat()
    if facts.st_uid in us() or (is_shared(facts) and facts.st_gid in _our_groups()):
        return
    owner, me = name_of(facts.st_uid), name_of(os.geteuid())
    root = os.geteuid() == 0
    raise UsageError(
        f"{folder}: {what} belongs to {owner}, and you are {me}",
        f"sudo -u {owner} relctl …; or make it root's: chown -R root: {shlex.quote(str(folder))}"
        if root
        else f"sudo -u {owner} relctl …; or share it: {share_command(folder)}",
    )


def _our_groups() -> set[int]:
    """Return the user's groups; for root also the engine's, whose members are root through it."""
    ours = {os.getegid(), *os.getgroups()}
    if os.geteuid() == 0:
        ours |= {each.gr_gid for each in grp.getgrall() if each.gr_name == ENGINE_GROUP}
    return ours


def _insist_on_mode(folder: Path) -> None:
    """Raise UsageError if others than the owner may write and the folder is not shared with them."""
    facts, where = folder.stat(), shlex.quote(str(folder))
    group = bool(facts.st_mode & stat.S_IWGRP) and not (is_shared(facts) or _is_private(facts))
    if facts.st_mode & stat.S_IWOTH:
        raise UsageError(
            f"{folder}: everybody can write to the state directory",
            f"chmod -R {'go' if group else 'o'}-w {where}, then look for changes: relctl status",
        )
    if group and _is_of_umask(facts):
        folder.chmod(stat.S_IMODE(facts.st_mode) & ~stat.S_IWGRP)
    elif group:
        raise UsageError(
            f"{folder}: group {_group(facts.st_gid)} can write to the state directory, but it is not shared",
            f"chmod -R g-w {where}; or, to share it, find {where} -type d -exec chmod g+s {{}} +",
        )


def _is_private(facts: os.stat_result) -> bool:
    """Return whether the group is the owner's own with no other members: umask 002 is made for those."""
    try:
        members = set(grp.getgrgid(facts.st_gid).gr_mem)
    except KeyError:
        return False
    return _is_owners(facts) and members <= {name_of(facts.st_uid)}


def _is_of_umask(facts: os.stat_result) -> bool:
    """Return whether an older relctl created the folder under such a umask, and we may correct it."""
    return _is_owners(facts) and os.geteuid() in (0, facts.st_uid)


def _is_owners(facts: os.stat_result) -> bool:
    """Return whether the group is the owner's primary group, so that it may not have been chosen."""
    try:
        return pwd.getpwuid(facts.st_uid).pw_gid == facts.st_gid
    except KeyError:
        return False


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
