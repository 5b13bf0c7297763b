"""An engine that takes its time: a Unix socket before the real one, which answers after some seconds."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def slow_engine(real: str, folder: Path, seconds: float) -> Iterator[str]:
    """Yield the address of an engine that passes everything on, its answers `seconds` late."""
    path = folder / "slow"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        door.bind(str(path))
        door.listen()
        threading.Thread(
            target=_serve, args=(door, real.removeprefix("unix://"), seconds), daemon=True
        ).start()
        try:
            yield f"unix://{path}"
        finally:
            path.unlink()


def _serve(door: socket.socket, real: str, seconds: float) -> None:
    with contextlib.suppress(OSError):  # the door is closed at the end
        while True:
            client, _ = door.accept()
            engine = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            engine.connect(real)
            for one, other, late in ((client, engine, 0.0), (engine, client, seconds)):
                threading.Thread(target=_pass_on, args=(one, other, late), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket, late: float) -> None:
    with source, contextlib.suppress(OSError):  # either has hung up
        while data := source.recv(65536):
            time.sleep(late)
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
