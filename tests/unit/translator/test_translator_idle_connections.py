"""Connections on which nothing comes must not hold up the end of a service."""

import contextlib
import signal
import socket
import time

from translator.serving.worker import LAME_DUCK
from unit.translator.service_process import Services


def test_connections_that_never_send_anything_do_not_keep_a_service_from_ending() -> None:
    services = Services()
    with contextlib.ExitStack() as idle:
        try:
            service = services.start()
            service.wait_for("/readyz", 200)
            for _ in range(3):
                idle.enter_context(socket.create_connection(("127.0.0.1", service.port)))
            service.wait_for("/livez", 200)  # later than the connections, so they have been accepted
            began = time.monotonic()
            service.process.send_signal(signal.SIGTERM)
            # By itself gthread waits for them as long as for requests in flight: 32 seconds.
            assert service.process.wait(timeout=30) == 0
            assert time.monotonic() - began < LAME_DUCK + 12
        finally:
            services.end()
