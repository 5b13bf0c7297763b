"""A gunicorn thread worker that neither stops nor stalls in a way that a proxy would notice."""

import selectors
import signal
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from types import FrameType
from typing import Any

from gunicorn.workers import gthread
from gunicorn.workers.gthread import TConn, ThreadWorker

from translator.serving import crowd, malformed
from translator.serving.lingering import Lingering
from translator.serving.patience import REQUEST_WITHIN, PatientSocket
from translator.serving.remainder import take_unread, watch

# Seconds between SIGTERM and the end of accepting: long enough for whoever watches /readyz to have
# seen its 503, short enough for the ten seconds that `docker stop` waits by default.
LAME_DUCK = 2.0
# Descriptors beyond worker_connections that the last connections may take; server.py leaves 256.
_SPARE = 128
# One of so many connections may linger: slow senders must leave room for others.
_LINGERING_SHARE = 2
# What handling a request says of a connection that is kept once the rest of the body has come.
_UNREAD = object()


class DrainingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn is untyped
    """Goes on serving for LAME_DUCK seconds after SIGTERM, and only then stops as gthread does.

    gthread by itself stops to accept at once but leaves its listener open until the last request
    is answered: a new connection is completed by the kernel, waits, and is reset in the end. Here
    what the kernel has completed is served, and what comes later is refused at once, which a proxy
    can act upon. gthread then finishes what is in flight. Every answer from SIGTERM on says
    `Connection: close`, so kept connections are given up while new ones are still welcome; one on
    which nothing came in all that time is closed with the door.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.on_stop: Callable[[], None] = lambda: None
        self.stopping = False  # from SIGTERM on; `alive` ends with the door
        self.on_malformed: Callable[[HTTPStatus], None] = lambda _: None
        self._lingering: Lingering  # made by `run`, after the fork
        self._in_hand = 0  # connections that the pool has; only the loop counts them

    def handle_exit(self, _signal: int, _frame: FrameType | None) -> None:
        # An alarm and not a timer thread: the interrupted code may hold the locks a thread needs.
        self.stopping = True
        self.on_stop()
        signal.signal(signal.SIGALRM, super().handle_exit)
        signal.setitimer(signal.ITIMER_REAL, LAME_DUCK)

    def run(self) -> None:
        self._lingering = Lingering(self.worker_connections // _LINGERING_SHARE)
        self.poller.register(self._lingering.fileno(), selectors.EVENT_READ, self._lingering.drop)
        super().run()

    def murder_pending(self) -> None:
        """As gthread does, in each round of the loop; and ends those that linger too long."""
        super().murder_pending()
        self._lingering.end_late()

    def set_accept_enabled(self, enabled: bool) -> None:
        super().set_accept_enabled(enabled)
        # The loop calls this between two rounds of events, so none is pending for a listener here.
        if not (enabled or self.alive):
            self._close_door()
            self._lingering.hurry()

    def _cap_keepalive(self, deadline: float) -> None:
        """Gives each idle connection the two seconds that gthread does, but from its own last answer on.

        gthread counts from now, and forgets connections that have sent nothing yet.
        """
        for conn in (*self.keepalived_conns, *self.pending_conns):
            if conn.timeout > deadline:  # else it became idle in this very round, and has its two seconds
                conn.timeout += gthread.STOP_KEEPALIVE_LINGER - self.cfg.keepalive
        for idle in (self.keepalived_conns, self.pending_conns):
            first_due = sorted(idle, key=lambda conn: conn.timeout)  # gthread looks at the first one only
            idle.clear()
            idle.extend(first_due)

    def _close_door(self) -> None:
        """Takes what the kernel has completed, as far as there are descriptors, and lets nobody else in."""
        while self.sockets:
            listener = self.sockets.pop()
            accepted = -1
            while accepted != self.nr_conns < self.worker_connections + _SPARE:
                accepted = self.nr_conns
                with suppress(OSError):
                    self.accept(listener)
            listener.close()

    def enqueue_req(self, conn: TConn) -> None:
        """Gives a request to a thread; while none is free, work is refused here and now."""
        awaited = self._stop_awaiting(conn)
        if self._in_hand < self.cfg.threads or not self._answer_at_once(conn, awaited):
            conn.awaited_since = 0.0
            self._in_hand += 1
            super().enqueue_req(conn)

    def _answer_at_once(self, conn: TConn, awaited: int) -> bool:
        """Whether the loop has answered what came on a connection, or waits for the rest of it."""
        if conn.parser is not None and conn.parser.unreader.buf.getvalue():
            return False
        try:
            arrived = conn.sock.recv(crowd.LOOKED_AT, socket.MSG_PEEK)
        except BlockingIOError:
            self._finish_later(conn, gthread._DEFER)  # noqa: SLF001
            return True
        except OSError:
            return False
        size = crowd.find_size(arrived)
        if size is None or len(arrived) < awaited:  # less than awaited comes from who has gone
            return False
        if len(arrived) < size:
            self._finish_later(conn, self._await(conn, size))
        else:
            conn.awaited_since = 0.0
            self._finish_later(conn, self._handle_in_a_hurry(conn))
        return True

    @staticmethod
    def _await(conn: TConn, size: int) -> Any:
        """Makes the connection readable when so much of a request has come, or its client has gone.

        A request that takes too long to arrive ends its connection.
        """
        now = time.monotonic()
        conn.awaited_since = getattr(conn, "awaited_since", 0.0) or now
        if now - conn.awaited_since > REQUEST_WITHIN:
            return False
        conn.awaited = size
        _set_low_water(conn, size)
        return gthread._DEFER  # noqa: SLF001

    @staticmethod
    def _stop_awaiting(conn: TConn) -> int:
        awaited = getattr(conn, "awaited", 1)
        if awaited > 1:
            conn.awaited = 1
            _set_low_water(conn, 1)
        return int(awaited)

    def _finish_later(self, conn: TConn, result: Any) -> None:
        """Not from here: finishing may lead to the next request of the same connection."""
        self.method_queue.defer(self._finish, conn, _result(result))

    def _handle_in_a_hurry(self, conn: TConn) -> Any:
        token = crowd.crowded.set(True)
        conn.sock = PatientSocket.around(conn.sock)
        try:
            with conn.sock.in_a_hurry():
                return self.handle(conn)
        finally:
            crowd.crowded.reset(token)

    def handle(self, conn: TConn) -> Any:
        """As gthread does, with a limit on the time that the client may take."""
        conn.sock = PatientSocket.around(conn.sock)
        conn.sock.restart()
        conn.sock.unread = 0  # until there is an answer
        # gthread would hold a thread for five seconds for a connection that has sent nothing yet.
        if not (conn.initialized or conn.data_ready) and not conn.wait_for_data(0):
            return gthread._DEFER  # noqa: SLF001
        return super().handle(conn)

    def handle_request(self, req: Any, conn: TConn) -> Any:
        """As gthread does; afterwards it is known what of the body is still to come."""
        if self.stopping:
            req.force_close()
        watch(req, conn.sock)
        try:
            return super().handle_request(req, conn)
        finally:
            conn.sock.unread = take_unread(conn.parser)

    def _keepalive_after(self, conn: TConn, keepalive: Any) -> Any:
        """Leaves the rest of the body to the loop; gthread would have this thread wait for it."""
        if not keepalive or conn.sock.unread is None:
            return False
        return _UNREAD if conn.sock.unread else True

    def handle_error(self, _request: Any, client: Any, addr: Any, error: BaseException) -> None:
        """As gunicorn does, without its HTML and without the caller's own words in it."""
        status = malformed.status_of(error)
        client.unread = None
        if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            self.on_malformed(status)
            self.log.warning("invalid request from %s: %s", addr[0] if addr else "", type(error).__name__)
        else:
            self.log.exception("error handling a request")
        malformed.answer(client, status)

    def finish_request(self, conn: TConn, request: Future[Any]) -> None:
        """As gthread does, for a request that the pool had."""
        self._in_hand -= 1
        self._finish(conn, request)

    def _finish(self, conn: TConn, request: Future[Any]) -> None:
        """As gthread does, but ends a connection without waiting for its client.

        gthread would wait up to two seconds for the peer to close too, in the one loop that all
        connections depend on; twenty such peers are enough for its watchdog to kill the worker.
        """
        result = None if request.cancelled() or request.exception() else request.result()
        if result is gthread._DEFER and not self.alive:  # noqa: SLF001
            self._defer_at_the_end(conn)
        elif result is _UNREAD:
            self._lingering.take_rest(conn, conn.sock.unread, self._go_on)
        elif result:
            super().finish_request(conn, request)
        else:
            self._lingering.take_all(conn, getattr(conn.sock, "unread", 0), self._close)

    def _go_on(self, conn: TConn, whole: bool) -> None:
        """Has the next request on a connection, if the last one has all been read."""
        if whole:
            self._finish(conn, _result(True))
        else:
            self._close(conn)

    def _defer_at_the_end(self, conn: TConn) -> None:
        """Waits a little for what a client may be sending already; gthread would reset its connection."""
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + gthread.STOP_KEEPALIVE_LINGER
        self.pending_conns.append(conn)
        readable = partial(self.on_pending_socket_readable, conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, readable)

    def _close(self, conn: TConn, _whole: bool = False) -> None:
        self.nr_conns -= 1
        conn.close()


def _result(value: Any) -> Future[Any]:
    answered: Future[Any] = Future()
    answered.set_result(value)
    return answered


def _set_low_water(conn: TConn, size: int) -> None:
    with suppress(OSError):  # of one connection; raised in the loop, it would end all of them
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)
