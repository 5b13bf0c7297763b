"""A Docker engine of a test's own, to be stopped and killed while the machine's engine goes on."""

import contextlib
import secrets
import shutil
import signal
import subprocess
import time
from pathlib import Path

import docker

from relctl.engine.docker import DockerEngine
from relctl.errors import EngineError

_WITHIN = 60.0  # seconds


class OwnEngine:
    """A dockerd with live-restore, all of whose files are in `folder`.

    It leaves the machine's packet filter and default bridge alone: those are the other engine's. It has a
    bridge of its own, which it does not need: one that is told to have none removes docker0, whoever's it is.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._bridge = f"relctl-{secrets.token_hex(4)}"
        subprocess.run(["ip", "link", "add", self._bridge, "type", "bridge"], check=True)
        self.host = f"unix://{folder}/sock"
        try:
            self._process = self._started()
        except BaseException:
            self._remove_bridge()
            raise

    def stop(self, number: signal.Signals) -> None:
        """End it by a signal; what runs in containers goes on."""
        self._process.send_signal(number)
        self._process.wait(_WITHIN)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal that does not end it."""
        self._process.send_signal(number)

    def remove(self) -> None:
        """End it for good, with all its files."""
        self.stop(signal.SIGTERM)
        mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        for mount in reversed(mounts):  # with live-restore it leaves its own behind
            if mount.startswith(f"{self._folder}/"):
                subprocess.run(["umount", mount], check=True)
        self._remove_bridge()
        shutil.rmtree(self._folder)

    def _remove_bridge(self) -> None:
        subprocess.run(["ip", "link", "del", self._bridge], check=True)

    def start(self) -> None:
        """Start it again over the same files."""
        self._process = self._started()

    def inspect(self, name: str) -> tuple[str, int, int]:
        """The id of a container, the number of its first process, how often the engine restarted it."""
        client = docker.DockerClient(base_url=self.host)
        try:
            found = client.api.inspect_container(name)
            return found["Id"], found["State"]["Pid"], found["RestartCount"]
        finally:
            client.close()

    def _started(self) -> "subprocess.Popen[bytes]":
        kept = self._folder
        _forget_the_dead(kept / "exec" / "containerd" / "containerd.pid")
        with (kept / "log").open("ab") as log:
            process = subprocess.Popen(
                [
                    *("dockerd", "--host", self.host, "--live-restore"),
                    *("--data-root", kept / "data", "--exec-root", kept / "exec", "--pidfile", kept / "pid"),
                    *(f"--bridge={self._bridge}", "--iptables=false", "--ip-masq=false"),
                ],
                stdout=log,
                stderr=log,
            )
        try:
            self._wait(process)
        except BaseException:
            process.terminate()
            process.wait(_WITHIN)
            raise
        return process

    def _wait(self, process: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + _WITHIN
        while not self._answers():
            assert process.poll() is None, (self._folder / "log").read_text()[-2000:]
            assert time.monotonic() < deadline, "the engine does not answer"
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            DockerEngine(self.host).image("any")
        except EngineError:
            return False
        return True


def _forget_the_dead(pid_file: Path) -> None:
    """Remove the file of a process that has ended; where no init reaps it, dockerd would wait for it."""
    with contextlib.suppress(FileNotFoundError):
        running = Path("/proc", pid_file.read_text().strip(), "cmdline")
        if not running.exists() or not running.read_bytes():
            pid_file.unlink()
