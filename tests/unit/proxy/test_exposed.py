"""Workers of root: refused where others can reach Nginx, with the command that mends it."""

import os
import pwd
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from relctl.errors import ProxyError
from relctl.proxy import processes
from relctl.proxy.processes import insist_on_unprivileged, is_loopback, worker_user

HERE = ("127.0.0.1:8080", "[::1]:8080", "localhost:8080")
OUTSIDE = ("127.0.0.1:8080", "0.0.0.0:80")

by_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can make what www-data cannot enter its own"
)


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="relctl-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.parametrize(
    ("user", "listen"), [("", OUTSIDE), ("nobody", OUTSIDE), ("root", HERE), ("root", ())]
)
def test_other_workers_and_other_addresses_are_taken(
    folder: Path, user: str, listen: tuple[str, ...]
) -> None:
    insist_on_unprivileged(user, folder, listen)


@by_root
def test_workers_of_root_are_refused_where_others_can_reach_them_and_what_to_type_helps(
    folder: Path,
) -> None:
    state = folder / "a b" / "open" / "private" / "state"
    for path, mode in ((folder / "a b", 0o700), (folder / "a b/open", 0o755), (state.parent, 0o750)):
        path.mkdir(mode=mode)
        path.chmod(mode)
    with pytest.raises(ProxyError, match=r"would be root, on 0\.0\.0\.0:80: no other user can") as refused:
        insist_on_unprivileged(worker_user(state), state, OUTSIDE)
    command, _, after = refused.value.hint.partition(" lets ")
    assert command == f"chmod a+x '{folder}/a b' '{state.parent}'"
    assert after.startswith("www-data through; or listen on 127.0.0.1")
    subprocess.run(["sh", "-c", command], check=True)
    assert worker_user(state) == "www-data"
    insist_on_unprivileged("www-data", state, OUTSIDE)


@by_root
def test_who_may_use_the_engine_is_root(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    insist_on_unprivileged("nobody", folder, OUTSIDE)
    socket = folder / "docker.sock"
    socket.touch()
    os.chown(socket, -1, pwd.getpwnam("nobody").pw_gid)
    monkeypatch.setattr(processes, "_ENGINE", socket)
    with pytest.raises(ProxyError, match="would be nobody, who may use Docker, as good as root, on"):
        insist_on_unprivileged("nobody", folder, OUTSIDE)
    insist_on_unprivileged("nobody", folder, HERE)


def test_where_there_is_no_unprivileged_user_one_is_to_be_made(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "USUAL", ("nobody-of-this-name",))
    with pytest.raises(ProxyError) as refused:
        insist_on_unprivileged("root", folder, OUTSIDE)
    assert refused.value.hint.startswith("useradd --system ")


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("127.0.0.1:80", True),
        ("127.9.9.9:80", True),
        ("localhost:80", True),
        ("[::1]:80", True),
        ("0.0.0.0:80", False),
        ("[::]:80", False),
        ("10.0.0.1:80", False),
        ("[fe80::1]:80", False),
        ("128.0.0.1:80", False),
        ("999.0.0.1:80", False),
        ("*:80", False),
        ("80", False),
    ],
)
def test_only_addresses_of_this_machine_alone_are_loopback(address: str, found: bool) -> None:
    assert is_loopback(address) is found
