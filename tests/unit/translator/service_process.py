"""The service in a process of its own, as an image runs it."""

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from ports import free_port

SERVICE = Path(__file__).parents[3] / "service"
MODEL = SERVICE / "models/zh-en-tiny/2026.11/ct2-int8"


@dataclass(frozen=True)
class Service:
    """A running service and the connections that a test has opened to it."""

    port: int
    process: subprocess.Popen[bytes]
    log: IO[str]
    open: contextlib.ExitStack

    def connect(self) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        return self.open.enter_context(contextlib.closing(connection))

    def get(self, path: str) -> int:
        """The status, asked for on a connection of its own; 0 when there is no connection."""
        connection = self.connect()
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except ConnectionError:
            return 0
        finally:
            connection.close()

    def wait_for(self, path: str, status: int, within: float = 60) -> None:
        deadline = time.monotonic() + within
        while self.get(path) != status:
            assert time.monotonic() < deadline, f"{path} never answered {status}"
            time.sleep(0.01)

    def errors(self, within: float = 60) -> str:
        """All that it wrote on stderr, once it has ended by itself."""
        self.process.wait(timeout=within)
        return self.read_log()

    def read_log(self) -> str:
        """What it has written on stderr so far."""
        # Not by `seek`: the service writes where this file stands, and would write over what it has written.
        file = self.log.fileno()
        return os.pread(file, os.fstat(file).st_size, 0).decode()

    def end(self) -> None:
        self.open.close()
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=10)
        self.log.close()


@dataclass
class Services:
    """Starts services on free ports and ends those that a test leaves behind."""

    started: list[Service] = field(default_factory=list)

    def start(self, **environment: str) -> Service:
        port = free_port()
        variables = {"MODEL_DIR": str(MODEL), "PYTHONPATH": str(SERVICE), "PORT": str(port)}
        # A file and not a pipe: nobody reads while a test runs, and a full pipe would stop the service.
        log = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  `end` closes it
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "translator.server"],
            env=os.environ | variables | environment,
            start_new_session=True,
            stderr=log,
        )
        self.started.append(Service(port, process, log, contextlib.ExitStack()))
        return self.started[-1]

    def end(self) -> None:
        for service in self.started:
            service.end()
