"""Keep connections to a server open, send requests on idle ones, and collect the answers."""

import select
import socket
from collections import deque
from collections.abc import Iterator

from service_parts.message import BROKEN, Answer, read

_CHUNK = 256 * 1024


class Connection:
    """One connection; at most one request is on its way. It opens itself when it has to."""

    __slots__ = ("_epoll", "_received", "_socket", "due", "port", "request")

    def __init__(self, port: int, epoll: select.epoll) -> None:
        self.port, self._epoll = port, epoll
        self._socket: socket.socket | None = None
        self._received = bytearray()
        self.request, self.due = 0, 0.0

    def open(self) -> int:
        """Connect; returns the descriptor."""
        self._socket = socket.create_connection(("127.0.0.1", self.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._epoll.register(self._socket, select.EPOLLIN)
        return self._socket.fileno()

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, as far as this side knows."""
        return self._socket is not None

    def send(self, message: bytes) -> None:
        """Send a request. The kernel's buffer holds all of it, so this does not wait for the server."""
        assert self._socket
        self._received.clear()
        self._socket.sendall(message)

    def receive(self) -> Answer | None:
        """Return the answer, None if it is incomplete. Only called when there is something to read."""
        assert self._socket
        try:
            chunk = self._socket.recv(_CHUNK)
        except ConnectionError:
            chunk = b""
        self._received += chunk
        answer = read(self._received) if chunk else BROKEN
        if answer and not answer.keeps:
            self.close()
        return answer

    def close(self) -> None:
        """Close it, if it is open."""
        if self._socket:
            self._socket.close()
            self._socket = None


class Connections:
    """A number of connections to one port, used in turn."""

    def __init__(self, port: int, number: int) -> None:
        self._epoll = select.epoll()
        self._all = [Connection(port, self._epoll) for _ in range(number)]
        self._of: dict[int, Connection] = {}
        self.idle = deque(self._all)
        self.busy: set[Connection] = set()

    def send(self, message: bytes, request: int, due: float) -> None:
        """Send a request on an idle connection; `request` and `due` come back with it.

        Raises OSError if no server takes it; the next request opens the connection again.
        """
        connection = self.idle.popleft()
        connection.request, connection.due = request, due
        try:
            if not connection.is_open:
                self._of[connection.open()] = connection
            connection.send(message)
        except OSError:
            connection.close()
            self.idle.append(connection)
            raise
        self.busy.add(connection)

    def answers(self, within: float) -> Iterator[tuple[Connection, Answer]]:
        """Yield the answers that have arrived; wait for the first one at most `within` seconds."""
        for descriptor, _ in self._epoll.poll(max(0.0, within)):
            connection = self._of[descriptor]
            if connection not in self.busy:
                connection.close()  # the server gave up an idle connection
            elif answer := connection.receive():
                self.busy.remove(connection)
                self.idle.append(connection)
                yield connection, answer

    def close(self) -> None:
        """Close all of them."""
        for connection in self._all:
            connection.close()
        self._epoll.close()
