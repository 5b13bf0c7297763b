"""Bounds the time that a client may take to send a request, and to take its answer.

gthread reads and writes in the thread that handles the request, and would wait for ever: as many
half-sent requests as there are threads would stop the service, its probes too.
"""

import errno
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

REQUEST_WITHIN = 10.0  # seconds from the first byte of a request to its last
ANSWER_WITHIN = 30.0  # seconds until the client has taken what is sent at a time
HURRY = 0.001  # seconds, for both, where nobody must be waited for


class PatientSocket:
    """A connected socket whose reads share one limit, from `restart` on; all else is the socket's own."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.unread: int | None = 0  # of the last request's body, in bytes, as `take_unread` has it
        self._until = 0.0
        self._request_within, self._answer_within = REQUEST_WITHIN, ANSWER_WITHIN
        self.restart()

    @classmethod
    def around(cls, connection: "socket.socket | PatientSocket") -> "PatientSocket":
        """The connection, made patient if it is not yet."""
        return connection if isinstance(connection, PatientSocket) else cls(connection)

    @contextmanager
    def in_a_hurry(self) -> Iterator[None]:
        """Within the block nobody is waited for: the one loop that all connections share is answering."""
        self._request_within = self._answer_within = HURRY
        try:
            yield
        finally:
            self._request_within, self._answer_within = REQUEST_WITHIN, ANSWER_WITHIN

    def restart(self) -> None:
        """A request begins now."""
        self._until = time.monotonic() + self._request_within

    def recv(self, size: int, flags: int = 0) -> bytes:
        """As the socket's; raises TimeoutError when the request has not arrived in time."""
        if self._connection.gettimeout() not in (None, self._answer_within):
            return self._connection.recv(size, flags)  # gunicorn ends it, with a limit of its own
        # What has arrived already is read however late it is; nothing is waited for any more.
        self._connection.settimeout(max(self._until - time.monotonic(), 0.001))
        try:
            return self._connection.recv(size, flags)
        except TimeoutError:
            raise _gone("the request did not arrive in time") from None
        finally:
            self._connection.settimeout(self._answer_within)

    def sendall(self, data: bytes, flags: int = 0) -> None:
        """As the socket's; raises TimeoutError when the client does not take the answer in time."""
        try:
            self._connection.sendall(data, flags)
        except TimeoutError:
            raise _gone("the answer was not taken in time") from None

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        """As the socket's; raises TimeoutError when the client does not take the answer in time."""
        try:
            return self._connection.sendfile(file, offset, count)
        except TimeoutError:
            raise _gone("the answer was not taken in time") from None

    def setblocking(self, flag: bool) -> None:
        """As the socket's, but waiting has an end: gthread asks for this before each request."""
        self._connection.settimeout(self._answer_within if flag else 0.0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def _gone(words: str) -> TimeoutError:
    # With the number of a connection that is gone: gunicorn closes it then, and logs no error,
    # which any client could have it do.
    return TimeoutError(errno.ENOTCONN, words)
