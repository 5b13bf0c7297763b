"""The program: `python -m translator.server` listens, loads the model and serves until SIGTERM.

One process, because the model is shared by threads and a slot is one process to watch.
"""

import asyncio
import logging
import logging.config
import math
import resource
import socket
import sys
import threading
from collections.abc import Callable
from http import HTTPStatus
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn

from translator.app import create_app
from translator.body import Limits
from translator.loading import load
from translator.observe import logs
from translator.parts import Parts, StartError, make_parts
from translator.serving.body import REQUEST_WITHIN, REST_WITHIN
from translator.serving.connection import Connection
from translator.serving.door import Door

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

# Seconds between SIGTERM and the end of accepting: long enough for whoever watches /readyz to have
# seen its 503, short enough for the ten seconds that `docker stop` waits by default.
LAME_DUCK = 2.0
# `contract.keep_alive` in versions.yaml. Longer than the proxy's: who closes an idle connection must be
# the side that sends the requests, else a request meets the close half way and is lost.
KEEP_ALIVE = 75
# Connections that the kernel completes while the process is busy. A full queue costs a proxy a
# second (its SYN is sent again), a long one costs nothing.
BACKLOG = 2048

_log = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """Goes on serving for LAME_DUCK seconds after a signal; every answer then says `Connection: close`.

    So kept connections are given up while new ones are still welcome. Then uvicorn refuses new ones, closes
    idle ones, and waits for requests in flight.
    """

    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_stop = on_stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self._on_stop()
        loop = asyncio.get_running_loop()
        loop.call_soon_threadsafe(loop.call_later, LAME_DUCK, self._end)

    def _end(self) -> None:
        self.should_exit = True


def main() -> None:
    """Serve; what is wrong with the settings is one sentence."""
    try:
        parts = make_parts()
    except StartError as error:
        sys.exit(f"translator: {error}")
    logging.config.dictConfig(logs.configuration(parts.settings.log_level, parts.release.tag))
    logging.captureWarnings(True)
    server = make_server(create_app(parts), parts, _connection_limit())
    listener = _listen(parts.settings.port)
    threading.Thread(target=load, args=(parts,), name="load", daemon=True).start()
    server.run(sockets=[listener])


def make_server(application: "WSGIApplication", parts: Parts, connections: int) -> Server:
    """Return what serves an application, on so many connections at a time."""
    settings = parts.settings

    def count_malformed(status: HTTPStatus) -> None:
        parts.metrics.malformed(status)
        _log.warning("refused what no route is for: %d %s", status, status.phrase)

    class Counted(Connection):
        def count_malformed(self, status: HTTPStatus) -> None:
            count_malformed(status)

    door = Door(
        application,
        parts.lifecycle,
        threads=settings.threads,
        body_bytes=Limits.from_settings(settings).body_bytes,
        on_malformed=count_malformed,
    )
    config = uvicorn.Config(
        door,
        loop="asyncio",
        http=Counted,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=connections,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=math.ceil(REQUEST_WITHIN + settings.deadline),
    )
    return Server(config, parts.lifecycle.drain)


def _listen(port: int) -> socket.socket:
    listener = socket.create_server(("0.0.0.0", port), backlog=BACKLOG)  # noqa: S104  a container's only port
    # Accepted connections inherit both. asyncio would set the first only where the protocol is named, and
    # a body that waits for the acknowledgement of its head is 40 ms late.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # The kernel gives up a client that does not take its answer.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(1000 * REST_WITHIN))
    return listener


def _connection_limit() -> int:
    """Return the connections that this process has descriptors for: 4,096, or fewer under a lower hard limit.

    The soft limit is often 1,024. 256 descriptors are left for everything else.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = 4096 + 256 if hard == resource.RLIM_INFINITY else min(4096 + 256, hard)
    if files < 512:
        sys.exit(f"translator: a process may open {hard} files here (ulimit -n); 512 are needed at least")
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return files - 256


if __name__ == "__main__":
    main()
