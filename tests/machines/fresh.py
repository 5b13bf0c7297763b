"""Fresh Debian machines with a copy of this project in them, for as long as a block lasts."""

import contextlib
import json
import os
import platform
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]
PROJECT = "relctl"  # in the home of its root, where commands begin
_PROGRAM = Path(__file__).with_name("fresh-machine.sh")
_NEEDED = ("mmdebstrap", "iptables", "ip", "nsenter", "unshare")
_UNSHARE = ("unshare", "--fork", "--pid", "--mount", "--uts", "--ipc", "--net", "--cgroup")
_CONTAINERD = json.dumps({"features": {"containerd-snapshotter": True}})


def why_not() -> str:
    """Why no machine can be made here, "" where it can."""
    if os.geteuid() != 0:
        return "only root makes machines"
    missing = [name for name in _NEEDED if not shutil.which(name)]
    if missing:
        return f"missing: {', '.join(missing)}; make setup-dev installs them"
    if not os.access("/sys/fs/cgroup/memory", os.W_OK):
        return "machines need cgroup v1, and the right to make groups"
    if platform.freedesktop_os_release()["ID"] != "debian":
        return "machines take Debian's packages from this machine's own sources, and this is no Debian"
    if subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False).returncode != 0:
        return "this root may not make namespaces"
    return ""


@dataclass(frozen=True)
class Machine:
    """A fresh machine; its name tells it from others that run at the same time."""

    name: str
    suite: str

    def run(self, command: str, output: IO[str] | None = None) -> int:
        """Run a shell command in the project's folder; returns its exit code."""
        words = ("in", "bash", "-c", f"cd {PROJECT} 2>/dev/null; {command}")
        return self._do(*words, output=output).returncode

    def ok(self, command: str) -> str:
        """Run a shell command that must succeed; returns what it said."""
        with tempfile.TemporaryFile("w+") as output:
            code = self.run(command, output)
            output.seek(0)
            said = output.read()
        assert code == 0, f"{command} in {self.suite}: {code}\n{said[-4000:]}"
        return said

    def begin(self, containerd: bool) -> None:
        """Make it, with the project's HEAD; Docker will have containerd's image store where that is asked."""
        self._must("make")
        with tempfile.TemporaryDirectory(prefix="relctl-machine-") as folder:
            clone = Path(folder) / Path(PROJECT).name
            subprocess.run(["git", "clone", "-q", "--no-hardlinks", str(ROOT), str(clone)], check=True)
            self._must("put", str(clone))
        if containerd:
            self.ok(f"mkdir -p /etc/docker && echo '{_CONTAINERD}' >/etc/docker/daemon.json")

    def end(self) -> None:
        """Stop it, and delete its disk."""
        self._must("remove")

    def _must(self, *words: str) -> None:
        with tempfile.TemporaryFile("w+") as output:
            done = self._do(*words, output=output)
            output.seek(0)
            assert done.returncode == 0, f"{_PROGRAM.name} {' '.join(words)}:\n{output.read()[-4000:]}"

    def _do(self, *words: str, output: IO[str] | None) -> subprocess.CompletedProcess[bytes]:
        environ = os.environ | {"FM_NAME": self.name, "FM_SUITE": self.suite}
        return subprocess.run(
            [str(_PROGRAM), *words],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )


@contextlib.contextmanager
def machine(suite: str, containerd: bool = False) -> Iterator[Machine]:
    """Yield a fresh machine of a Debian release; nothing of it is left, however the block ends."""
    made = Machine(f"t{secrets.token_hex(3)}", suite)
    try:
        made.begin(containerd)
        yield made
    finally:
        made.end()
