"""Hold an idle connection to a service to see when the service closes it."""

import http.client
import select
import socket
import threading
import time
from dataclasses import dataclass

from relctl.probe.service import Service, UnreachableError

_TIMEOUT = 5.0  # seconds for the answer before the connection idles


@dataclass(frozen=True)
class Held:
    """One connection after an answer about `path`: how long it was idle, and whether the service `closed` it.

    `kept` is false if the answer announced the close: no client sends into such a connection.
    """

    path: str
    seconds: float
    closed: bool
    kept: bool = True


class Idle:
    """A connection for each path, held in the background for `seconds`; `result` waits for them."""

    def __init__(self, service: Service, paths: tuple[str, ...], seconds: float) -> None:
        self._found: dict[str, Held | UnreachableError] = {}
        self._threads = [
            threading.Thread(target=self._hold, args=(service, path, seconds), daemon=True) for path in paths
        ]
        for thread in self._threads:
            thread.start()

    def result(self) -> list[Held]:
        """Return how each ended; raises UnreachableError if a service did not answer at all."""
        for thread in self._threads:
            thread.join()
        for found in self._found.values():
            if isinstance(found, UnreachableError):
                raise found
        held = [found for found in self._found.values() if isinstance(found, Held)]
        if len(held) < len(self._threads):
            raise UnreachableError("an idle connection could not be held")
        return held

    def _hold(self, service: Service, path: str, seconds: float) -> None:
        try:
            self._found[path] = hold(service, path, seconds)
        except UnreachableError as error:
            self._found[path] = error


def hold(service: Service, path: str, seconds: float) -> Held:
    """GET a path, then leave the connection idle for at most `seconds`; raises UnreachableError."""
    connection = http.client.HTTPConnection(service.address, timeout=_TIMEOUT)
    try:
        connection.request("GET", path, headers=dict(service.contract.probe_headers))
        answer = connection.getresponse()
        answer.read()
        sock, began = connection.sock, time.monotonic()
        if answer.will_close or sock is None:
            return Held(path, 0.0, closed=True, kept=False)
        closed = _closes(sock, seconds)
        return Held(path, time.monotonic() - began, closed)
    except (OSError, http.client.HTTPException) as error:
        raise UnreachableError(f"GET {service.url}{path}: {type(error).__name__}: {error}") from error
    finally:
        connection.close()


def _closes(sock: socket.socket, seconds: float) -> bool:
    """Return whether the service closes it within that time; an unsolicited 408 counts as closing."""
    readable, _, _ = select.select([sock], [], [], seconds)
    return bool(readable)
