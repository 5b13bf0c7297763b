"""A connection of uvicorn's that waits for no client for ever, and says in words what is not HTTP."""

import asyncio
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from translator.serving.body import CUT_OFF, REQUEST_WITHIN, REST_WITHIN
from translator.serving.door import problem

MOST_OF_A_HEAD = 64 * 1024  # bytes


class Connection(HttpToolsProtocol):
    """Ends a connection whose first byte, or whose next head, does not come in time."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._timer: asyncio.TimerHandle | None = None
        self._head = 0  # bytes of a head that is not whole
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._end_after(self.timeout_keep_alive)

    def data_received(self, data: bytes) -> None:
        if not self._refused:
            if not self._head:
                self._forget_timer()
            super().data_received(data)
            self._await_head(len(data))

    def _await_head(self, size: int) -> None:
        """Count what has come of a head, and give it its time; once it is whole the application waits."""
        if self._refused or self.transport.is_closing():
            return
        if not self._is_between_requests:
            self._head = 0
            self._forget_timer()
            return
        if not self._head:
            self._end_after(REQUEST_WITHIN)
        self._head += size
        if self._head > MOST_OF_A_HEAD:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  those words are plain text
        if self._is_between_requests:
            self._refuse(HTTPStatus.BAD_REQUEST)
        else:
            self._cut_off()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Answer who has sent all there is; uvicorn would close at once."""
        if self._is_between_requests:
            return False
        self._cut_off()
        return True

    def count_malformed(self, status: HTTPStatus) -> None:
        """Hear of an answer that the application never saw."""

    @property
    def _is_between_requests(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_timer()
        super().connection_lost(exc)

    def _cut_off(self) -> None:
        """Tell who reads the body that no more comes; after the answer the connection ends."""
        self._refused = True
        self.cycle.keep_alive = False
        self.cycle.scope["state"][CUT_OFF] = True
        self.cycle.message_event.set()

    def _refuse(self, status: HTTPStatus) -> None:
        """Answer, and drop what still comes until the client has read that."""
        self._refused = True
        self.count_malformed(status)
        answer = problem(status)
        head = [f"HTTP/1.1 {status.value} {status.phrase}".encode()]
        head += [name + b": " + value for name, value in answer.headers]
        self.transport.write(b"\r\n".join([*head, b"", answer.body]))
        self.transport.write_eof()
        self._end_after(REST_WITHIN)

    def _end_after(self, seconds: float) -> None:
        self._forget_timer()
        self._timer = self.loop.call_later(seconds, self.transport.abort)

    def _forget_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
