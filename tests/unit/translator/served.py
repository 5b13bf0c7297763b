"""An application behind the door and the server of the service, in a thread of the test."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from translator.parts import Parts
from translator.server import make_server

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


@contextmanager
def served(application: "WSGIApplication", parts: Parts) -> Iterator[int]:
    """Give the port on which it is served while the block runs."""
    server = make_server(application, parts, connections=100)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(60)
            assert not thread.is_alive()
