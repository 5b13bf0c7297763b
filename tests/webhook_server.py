"""A local HTTP server that takes webhooks, and answers as it is told."""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any


class WebhookServer:
    """Keeps the bodies that it was sent; `status` is its answer, given after `delay` seconds."""

    def __init__(self, status: int = 200, delay: float = 0.0, trickle: bool = False) -> None:
        self.bodies: list[Any] = []
        self.headers: list[dict[str, str]] = []
        self.status, self.trickle = status, trickle
        self._over, self._delay = threading.Event(), delay
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.take(self)

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - named by the base
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: Any, client_address: Any) -> None:
                """Say nothing of who has not waited: what is printed may reach a later test."""
                if not isinstance(sys.exception(), OSError):
                    super().handle_error(request, client_address)

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/services/s3cret"

    def take(self, request: BaseHTTPRequestHandler) -> None:
        self.bodies.append(json.loads(request.rfile.read(int(request.headers["Content-Length"]))))
        self.headers.append(dict(request.headers))
        self._over.wait(self._delay)
        if self.trickle:
            return self._drip(request)
        request.send_response(self.status)
        request.send_header("Location", self.url)
        request.send_header("Content-Length", "0")
        request.end_headers()
        return None

    def _drip(self, request: BaseHTTPRequestHandler) -> None:
        """A header that never ends: each byte comes in time, the answer never."""
        deadline = time.monotonic() + 20
        try:
            request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while time.monotonic() < deadline and not self._over.wait(0.05):
                request.wfile.write(b"x")
        except OSError:
            pass

    def __enter__(self) -> "WebhookServer":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
