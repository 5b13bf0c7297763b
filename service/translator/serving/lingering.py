"""Drops what clients still send after their answer: whoever is cut off while sending loses it.

A close with bytes unread resets the connection, and a proxy that is still sending then knows of an error and
of no answer. So the rest is read: by the loop, which waits for nobody, into one buffer that all share.
"""

import selectors
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from gunicorn.workers.gthread import TConn

from translator.serving.patience import ANSWER_WITHIN, REQUEST_WITHIN
from translator.serving.remainder import MOST

# Seconds for a client to close when all that it had to send has been read; as gunicorn waits.
_CLOSE_WITHIN = 2.0
_SCRATCH = 256 * 1024
_LOOK_EVERY = 0.5  # seconds between two looks at who is late


@dataclass
class _Lingerer:
    """A connection with `left` bytes to drop by the moment `until`; `then` is told whether all have come."""

    conn: TConn
    left: int
    until: float
    then: Callable[[TConn, bool], None]


class Lingering:
    """The connections whose clients are still sending, or have yet to close."""

    def __init__(self, most: int) -> None:
        """`most` at a time; one more ends the one that has been waited for longest."""
        self._most = most
        self._selector = selectors.DefaultSelector()
        self._scratch = bytearray(_SCRATCH)
        self._all: dict[int, _Lingerer] = {}  # by descriptor, the oldest first
        self._rest_within = ANSWER_WITHIN
        self._looked = 0.0

    def __len__(self) -> int:
        return len(self._all)

    def fileno(self) -> int:
        """A descriptor that is readable when `drop` has something to do."""
        return self._selector.fileno()  # an epoll, on Linux

    def take_rest(self, conn: TConn, size: int, then: Callable[[TConn, bool], None]) -> None:
        """Drop the next `size` bytes of a connection, `then` say whether they have all come."""
        self._add(_Lingerer(conn, size, time.monotonic() + self._rest_within, then))

    def take_all(self, conn: TConn, unread: int | None, then: Callable[[TConn, bool], None]) -> None:
        """End the answer, and drop what comes until the client closes; `unread` as `take_unread` has it."""
        with suppress(OSError):  # it is gone: the first read says so
            conn.sock.shutdown(socket.SHUT_WR)
        within = _CLOSE_WITHIN if unread == 0 else self._rest_within
        self._add(_Lingerer(conn, MOST, time.monotonic() + within, then))

    def hurry(self) -> None:
        """The service ends: from now on a client has no longer than for a request."""
        self._rest_within = REQUEST_WITHIN
        latest = time.monotonic() + REQUEST_WITHIN
        for each in self._all.values():
            each.until = min(each.until, latest)

    def drop(self, _fileobj: object = None) -> None:
        """Drop what has come, a buffer of each connection at most."""
        for key, _ in self._selector.select(0):
            if key.fd in self._all:  # else it was ended a moment ago to make room
                self._drop(self._all[key.fd])

    def end_late(self) -> None:
        """End those that have had their time."""
        now = time.monotonic()
        if now - self._looked < _LOOK_EVERY:
            return
        self._looked = now
        for each in [each for each in self._all.values() if each.until <= now]:
            self._end(each, whole=False)

    def _add(self, added: _Lingerer) -> None:
        if added.conn.sock.fileno() < 0:  # gunicorn has closed it after an error
            added.then(added.conn, False)
            return
        if len(self._all) >= self._most:
            self._end(next(iter(self._all.values())), whole=False)
        added.conn.sock.setblocking(False)
        self._all[added.conn.sock.fileno()] = added
        self._selector.register(added.conn.sock, selectors.EVENT_READ)
        self._drop(added)

    def _drop(self, from_: _Lingerer) -> None:
        try:
            dropped = from_.conn.sock.recv_into(self._scratch, min(from_.left, len(self._scratch)))
        except BlockingIOError:
            return
        except OSError:
            dropped = 0
        from_.left -= dropped
        if not (dropped and from_.left):
            self._end(from_, whole=from_.left == 0)

    def _end(self, ended: _Lingerer, *, whole: bool) -> None:
        self._selector.unregister(ended.conn.sock)
        del self._all[ended.conn.sock.fileno()]
        ended.then(ended.conn, whole)
