"""Proxies with the usual switch: the configuration is written again, then the proxy reloads.

Each is configured as its documentation advises for reloads without loss, and keeps connections to the slots
as relctl's Nginx does.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from ports import free_port
from relctl.proxy.processes import Worker, find, serving
from switch_parts.switch import Switch, Switched

_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"


def program(name: str) -> str:
    """Return the path of a proxy; raises FileNotFoundError where it is not installed."""
    found = shutil.which(name, path=_PATH)
    if found is None:
        raise FileNotFoundError(f"{name} is not installed: make setup-reference")
    return found


def wait_until(done: Callable[[], bool]) -> None:
    """Look every millisecond; raises TimeoutError after half a minute."""
    deadline = time.monotonic() + 30
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError("the reload does not come to its end")
        time.sleep(0.001)


class Rival(ABC):
    """One proxy in a folder of its own, in front of the two slots: `slots` is the address by release."""

    name: ClassVar[str]

    def __init__(self, folder: Path, slots: Mapping[str, str]) -> None:
        self.folder, self.slots = folder, slots
        self.port = free_port()
        self.program = program(self.name)
        folder.mkdir()

    @abstractmethod
    def write(self, address: str) -> None:
        """Write the configuration that sends everything to one address."""

    @abstractmethod
    def start(self) -> subprocess.Popen[bytes]:
        """Start it in the foreground."""

    @abstractmethod
    def reload(self) -> None:
        """Ask for a reload, and return when the new configuration takes connections and the old one none."""

    @contextlib.contextmanager
    def running(self, release: str) -> Iterator[None]:
        """Run it for the time of the block, with all traffic for one release."""
        self.write(self.slots[release])
        process = self.start()
        try:
            self._wait_until_up()
            yield
        finally:
            process.terminate()
            process.wait(timeout=60)

    def switches(self, live: str, number: int) -> Iterator[Switch]:
        """Switch back and forth between the two releases."""
        for _ in range(number):
            live = next(release for release in self.slots if release != live)
            yield Switch(live, lambda live=live: self._switch(live))  # type: ignore[misc]

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with (
                contextlib.suppress(ConnectionRefusedError),
                socket.create_connection(("127.0.0.1", self.port)),
            ):
                return
            time.sleep(0.02)
        raise TimeoutError(f"{self.name} does not listen: {(self.folder / 'log').read_text()}")

    def _switch(self, release: str) -> Switched:
        self.write(self.slots[release])
        began = time.monotonic()
        self.reload()
        return Switched(began, time.monotonic())

    def _run(self, *arguments: str, **environ: str) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("wb") as log:
            return subprocess.Popen(
                [self.program, *arguments],
                env=os.environ | environ,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


class Nginx(Rival):
    """`nginx -s reload`."""

    name = "nginx"

    def write(self, address: str) -> None:
        (self.folder / "nginx.conf").write_text(f"""
            daemon off; worker_processes auto; pid {self.folder}/pid; events {{ worker_connections 8192; }}
            http {{
                access_log off; keepalive_timeout 75s; keepalive_requests 100000;
                upstream live {{ server {address}; keepalive 64; keepalive_timeout 50s; }}
                server {{
                    listen 127.0.0.1:{self.port};
                    location / {{
                        proxy_pass http://live; proxy_http_version 1.1; proxy_set_header Connection "";
                    }}
                }}
            }}""")

    def start(self) -> subprocess.Popen[bytes]:
        return self._run(*self._where())

    def reload(self) -> None:
        before = self._serving()
        subprocess.run([self.program, *self._where(), "-s", "reload"], check=True)
        wait_until(lambda: bool(now := self._serving()) and not now & before)

    def _serving(self) -> set[Worker]:
        return serving(find(self.folder / "error.log"))

    def _where(self) -> list[str]:
        error = str(self.folder / "error.log")
        return ["-p", str(self.folder), "-e", error, "-c", str(self.folder / "nginx.conf")]


class HAProxy(Rival):
    """`haproxy -W`, master and worker: it hands its listeners on. SIGUSR2 reloads, as systemd does."""

    name = "haproxy"

    def write(self, address: str) -> None:
        (self.folder / "haproxy.cfg").write_text(f"""
global
    stats socket {self.folder}/admin.sock mode 600 level admin expose-fd listeners
    hard-stop-after 60s
defaults
    mode http
    timeout connect 5s
    timeout client 75s
    timeout server 75s
    timeout http-keep-alive 75s
frontend all
    bind 127.0.0.1:{self.port}
    default_backend live
backend live
    http-reuse safe
    server live {address}
""")

    def start(self) -> subprocess.Popen[bytes]:
        self.process = self._run("-W", "-S", str(self._master), "-f", str(self.folder / "haproxy.cfg"))
        return self.process

    def reload(self) -> None:
        before = self._worker()
        self.process.send_signal(signal.SIGUSR2)
        wait_until(lambda: self._worker() not in ("", before))

    @property
    def _master(self) -> Path:
        return self.folder / "master.sock"

    def _worker(self) -> str:
        """Return the process that takes connections, as the master reports it; "" during a reload."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as master:
            master.settimeout(1)
            master.connect(str(self._master))
            master.sendall(b"show proc\n")
            found = re.search(r"# workers\n(\d+)", master.recv(4096).decode())
            return found[1] if found else ""
        return ""


class Caddy(Rival):
    """`caddy reload`, which returns when the new configuration is at work."""

    name = "caddy"

    def __init__(self, folder: Path, slots: Mapping[str, str]) -> None:
        super().__init__(folder, slots)
        self.admin = free_port()
        self.file = folder / "Caddyfile"

    def write(self, address: str) -> None:
        self.file.write_text(f"""{{
    admin 127.0.0.1:{self.admin}
    auto_https off
    grace_period 60s
}}
http://127.0.0.1:{self.port} {{
    reverse_proxy {address} {{
        transport http {{
            keepalive 50s
            keepalive_idle_conns_per_host 64
        }}
    }}
}}
""")

    def start(self) -> subprocess.Popen[bytes]:
        home = str(self.folder)
        return self._run(
            "run", "--config", str(self.file), HOME=home, XDG_DATA_HOME=home, XDG_CONFIG_HOME=home
        )

    def reload(self) -> None:
        command = [self.program, "reload", "--config", str(self.file), "--address", f"127.0.0.1:{self.admin}"]
        subprocess.run(command, check=True, capture_output=True)


RIVALS: dict[str, type[Rival]] = {each.name: each for each in (Nginx, HAProxy, Caddy)}
