"""Knows what is left of a body when its request has been answered, and asks for no body that is not read."""

import socket
from typing import Any

from gunicorn.http.body import ChunkedReader, LengthReader

# As much of a body is read and dropped so that its sender gets the answer: twice what the proxy lets through.
# What is longer is dropped up to here as well, and then the connection ends.
MOST = 64 * 1024**2


def watch(request: Any, client: socket.socket) -> None:
    """Ask for the body of a request when it is read; announce the close where the body cannot be dropped.

    gunicorn by itself says `100 Continue` before the application has seen the request.
    """
    reader = _BodyReader(request, client)
    request._expected_100_continue = False  # noqa: SLF001
    request.body.reader = reader
    if reader.awaited or not _can_be_dropped(reader.inner):
        request.force_close()


class _BodyReader:
    """Reads as `inner` does; while it is `awaited`, the client waits for a word before it sends."""

    def __init__(self, request: Any, client: socket.socket) -> None:
        self.inner = request.body.reader
        self.awaited = request._expected_100_continue and _length(self.inner) != 0  # noqa: SLF001
        self._request, self._client = request, client
        self._closes = request.must_close

    def read(self, size: int) -> bytes:
        """Where the next request begins is unknown once this has failed: the answer announces the close."""
        try:
            if self.awaited:
                self._ask()
            read: bytes = self.inner.read(size)
        except BaseException:
            self._request.force_close()
            raise
        return read

    def _ask(self) -> None:
        # https://datatracker.ietf.org/doc/html/rfc9110#section-10.1.1
        self.awaited = False
        self._client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if _can_be_dropped(self.inner):
            self._request.must_close = self._closes


def take_unread(parser: Any) -> int | None:
    """Forget the body of the last request, and return how much of it is still to come, in bytes.

    None where nobody knows: in chunks, or when reading has failed. What has been read ahead of the body is
    dropped; what is behind it belongs to the next request and stays.
    """
    body = parser.mesg.body
    reader = body.reader.inner
    length = None if body.failed else _length(reader)
    if length is None:
        return None
    ahead = parser.unreader.take_buffered()
    parser.unreader.unread(ahead[length:])
    if isinstance(reader, LengthReader):
        reader.length = 0
    return max(0, length - len(ahead))


def _can_be_dropped(reader: Any) -> bool:
    length = _length(reader)
    return length is not None and length <= MOST


def _length(reader: Any) -> int | None:
    """What has not been read yet; of chunks it is known only when they have all been read."""
    if isinstance(reader, LengthReader):
        return int(reader.length)
    return 0 if isinstance(reader, ChunkedReader) and reader.parser is None else None
