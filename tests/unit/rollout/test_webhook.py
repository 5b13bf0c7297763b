"""A webhook: taken or not, within its time, and its URL is never told."""

import socket
import time
from typing import Any

import pytest

from ports import free_port
from relctl.rollout.deliver import post
from webhook_server import WebhookServer

BODY = '{"text": "译"}'.encode()
AMPLE = 30.0  # seconds: the first post imports a library in them


def test_a_webhook_gets_the_body_as_json() -> None:
    with WebhookServer(204) as server:
        assert post(server.url, BODY, AMPLE) == ""
    assert server.bodies == [{"text": "译"}]
    assert server.headers[0]["Content-Type"] == "application/json"


@pytest.mark.parametrize("status", [302, 307, 404, 500])
def test_any_answer_but_a_good_one_is_a_failure_and_a_redirect_is_not_followed(status: int) -> None:
    with WebhookServer(status) as server:
        assert post(server.url, BODY, AMPLE) == f"it answered {status}"
    assert len(server.bodies) == 1


@pytest.mark.parametrize(("delay", "trickle"), [(20.0, False), (0.0, True)])
def test_an_answer_that_does_not_come_or_does_not_end_is_waited_for_no_longer_than_its_time(
    delay: float, trickle: bool
) -> None:
    with WebhookServer(200, delay, trickle) as server:
        began = time.monotonic()
        assert post(server.url, BODY, 0.5) == "no answer within 0.5 s"
        assert time.monotonic() - began < 10, "the server's twenty seconds were waited for"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:{port}/s3cret", "it cannot be reached: Connection refused"),
        ("http://no-such-host.invalid/s3cret", "it cannot be reached"),
        ("http://[::1/s3cret", "it cannot be reached"),
    ],
)
def test_why_it_cannot_be_reached_is_said_without_its_url(
    url: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo

    def without_network(host: Any, *arguments: Any, **named: Any) -> Any:
        """Know at once that there is no such host: a resolver that cannot be reached takes its time."""
        if host == "no-such-host.invalid":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return look_up(host, *arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", without_network)
    found = post(url.format(port=free_port()), BODY, AMPLE)
    assert found.startswith(words)
    assert "s3cret" not in found
    assert "no-such-host" not in found


def test_a_server_that_speaks_no_tls_is_named_so() -> None:
    with WebhookServer() as server:
        found = post(server.url.replace("http:", "https:"), BODY, AMPLE)
    assert found == "it cannot be reached: no trusted TLS connection"
