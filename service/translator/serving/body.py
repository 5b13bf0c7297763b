"""Reads the body of a request in the server's loop, where a slow sender costs no thread."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]

REQUEST_WITHIN = 10.0  # seconds for a body that is wanted
REST_WITHIN = 30.0  # seconds for the rest of a body that is refused
_PAUSE = 5.0  # seconds without a byte of that rest
# As much of a rest is dropped so that its sender gets the answer: twice what the proxy lets through.
MOST = 64 * 1024**2
# Set in the state of a request whose body turns out not to be HTTP.
CUT_OFF = "translator.cut_off"


class Body:
    """What has come of a body in `data`, and whether there is `more` to come."""

    def __init__(self, scope: Message, receive: Receive) -> None:
        headers = dict(scope["headers"])
        self._receive, self._state = receive, scope.get("state", {})
        # None for a body in chunks.
        self.length = None if b"transfer-encoding" in headers else int(headers.get(b"content-length", 0))
        # The client waits for `100 Continue`, which the server sends when the body is asked for.
        self._awaited = b"expect" in headers
        self.more = self.length != 0
        self.cut_off = False
        self.data = bytearray()

    @property
    def hides_the_next_request(self) -> bool:
        """Return whether nobody can know where the next request of the connection begins."""
        endless = self.length is None or self.length > MOST
        return self.cut_off or (self.more and (endless or self._awaited))

    async def read(self, most: int) -> None:
        """Wait for the body, or for more than `most` bytes of it."""
        try:
            async with asyncio.timeout(REQUEST_WITHIN):
                while self.more and not self.cut_off and len(self.data) <= most:
                    self.data += await self._next()
        except TimeoutError:
            self.cut_off = True

    async def drop(self) -> None:
        """Drop what still comes: a connection that is closed too early loses the answer."""
        left = MOST
        with suppress(TimeoutError):
            async with asyncio.timeout(REST_WITHIN):
                while self.more and left > 0:
                    async with asyncio.timeout(_PAUSE):
                        left -= len(await self._next())

    async def _next(self) -> bytes:
        self._awaited = False
        message = await self._receive()
        self.more = message.get("more_body", False)
        self.cut_off = message["type"] == "http.disconnect" or (self.more and CUT_OFF in self._state)
        return bytes(message.get("body", b""))
