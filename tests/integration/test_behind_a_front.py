"""Behind TLS and other fronts: who is believed what, who may ask for what, sockets, streams and addresses."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest

from hosts import bench
from odd_service import Asked, Slots, odd_slots
from ports import free_port
from relctl.errors import ProxyError
from relctl.rollout.failover import ask as ask_as_status_does

FRONT = {
    "X-Forwarded-For": "192.0.2.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "shop.example",
    "X-Forwarded-Port": "443",
    "X-Real-IP": "192.0.2.7",
    "Forwarded": "for=192.0.2.7;proto=https",
    "X-Request-ID": "my-trace-1",
}


@contextlib.contextmanager
def serving(**proxy: Any) -> Iterator[Slots]:
    with bench(**proxy) as stand, odd_slots(stand) as slots:
        stand.host.proxy.apply()
        yield slots


@pytest.fixture(scope="module")
def behind() -> Iterator[Slots]:
    """Nginx trusts whoever comes from this machine, and somebody else."""
    with serving(trusted=["198.51.100.0/24", "127.0.0.1"]) as slots:
        yield slots


@pytest.fixture(scope="module")
def open_() -> Iterator[Slots]:
    """Nginx trusts nobody, as it is without a word."""
    with serving() as slots:
        yield slots


def seen(slots: Slots, headers: dict[str, str], path: str = "/") -> dict[str, str]:
    assert slots.send("GET", path, b"", headers).status == 200
    return slots.blue.asked[-1].headers


def logged(slots: Slots, number: str) -> dict[str, Any]:
    """The line of one request: of Nginx's workers, a late one may write that of an earlier request last."""
    slots.logged()
    lines = map(json.loads, slots.stand.host.paths.access_log.read_text().splitlines())
    return dict([each for each in lines if each["request_id"] == number][-1])


def test_what_a_trusted_front_says_of_a_request_is_kept(behind: Slots) -> None:
    found = seen(behind, FRONT)
    assert {name: found[name] for name in FRONT} == FRONT | {"X-Forwarded-For": "192.0.2.7, 127.0.0.1"}
    assert logged(behind, "my-trace-1")["client"] == "192.0.2.7"


def test_what_anybody_else_says_of_a_request_is_made_anew(open_: Slots) -> None:
    found = seen(open_, FRONT)
    host, _, port = open_.stand.listen.partition(":")
    number = found["X-Request-ID"]
    assert {name: found.get(name) for name in FRONT} == {
        "X-Forwarded-For": host,
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": open_.stand.listen,
        "X-Forwarded-Port": port,
        "X-Real-IP": host,
        "Forwarded": None,
        "X-Request-ID": number,
    }
    assert (logged(open_, number)["client"], len(number)) == (host, 32)


@pytest.mark.parametrize("said", ["", "two words", "x" * 129, 'quote"', "ä", "a;b"])
def test_a_number_that_is_none_is_made_anew_though_the_front_is_trusted(behind: Slots, said: str) -> None:
    assert len(seen(behind, {"X-Request-ID": said})["X-Request-ID"]) == 32


def test_a_trusted_front_that_says_nothing_leaves_a_request_as_it_is(behind: Slots) -> None:
    found = seen(behind, {})
    assert (found["X-Forwarded-For"], found["X-Forwarded-Proto"]) == ("127.0.0.1", "http")


def test_headers_with_underscores_pass_but_for_those_that_look_like_a_front_s(open_: Slots) -> None:
    found = seen(open_, {"api_key": "s3", "X_Forwarded_Proto": "https", "X-Forwarded_For": "192.0.2.7"})
    assert found["api_key"] == "s3"
    assert [name for name in found if "_" in name] == ["api_key"]


PRIVATE = (
    "/metrics",
    "/metrics/",
    "/metrics;x=1",
    "/metrics?x=1",
    "//metrics",
    "/%6detrics",
    "/x/../metrics",
)


@pytest.mark.parametrize("path", [*PRIVATE, "/version", "/healthz", "/livez", "/readyz"])
def test_what_is_private_is_for_private_addresses(behind: Slots, path: str) -> None:
    assert behind.send("GET", path, b"", {}).status == 200, "this machine may"
    before = behind.got()
    answer = behind.send("GET", path, b"", FRONT)
    assert (answer.status, json.loads(answer.text)["error"]) == (403, "forbidden")
    assert behind.got() == before
    near = behind.send("GET", path, b"", {"X-Forwarded-For": "127.0.0.9"})
    assert near.status == 200, "behind a trusted front it is the client that counts"


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_who_comes_through_a_front_that_nobody_named_is_a_stranger(open_: Slots, header: str) -> None:
    assert open_.send("GET", "/metrics", b"", {}).status == 200
    assert open_.send("GET", "/metrics", b"", {header: "127.0.0.1"}).status == 403
    assert open_.send("GET", "/metricsandmore", b"", {header: "127.0.0.1"}).status == 200


@pytest.mark.slow
def test_private_addresses_and_paths_are_the_environment_s() -> None:
    with serving(private=["192.0.2.0/24"], private_paths=["/internal"], trusted=["127.0.0.0/8"]) as slots:
        outside, inside = {"X-Forwarded-For": "203.0.113.9"}, {"X-Forwarded-For": "192.0.2.9"}
        found = [slots.send("GET", "/internal/x", b"", each).status for each in (outside, inside)]
        assert found == [403, 200]
        assert slots.send("GET", "/metrics", b"", outside).status == 200
        assert slots.send("GET", "/version", b"", outside).status == 403, "a probe of the contract"
        assert slots.send("GET", "/version", b"", {}).status == 200, "relctl asks from where Nginx listens"


def upgrade(asked: Asked) -> bytes | None:
    """Answer as a websocket, and send back what comes."""
    if asked.headers.get("Upgrade") != "websocket" or asked.headers.get("Connection") != "upgrade":
        return b"HTTP/1.1 400 No\r\nContent-Length: 2\r\n\r\nno"
    asked.connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    )
    while found := asked.connection.recv(1024):
        asked.connection.sendall(b"back:" + found)
    return None


WEBSOCKET = (
    b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def connected(slots: Slots) -> socket.socket:
    host, _, port = slots.stand.listen.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=20)


@pytest.mark.parametrize("down", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_websocket_passes_and_may_be_silent(down: bool) -> None:
    """Also at the standby that answers for live."""
    with serving(read_timeout="500ms") as slots:
        slots.blue.answer = slots.green.answer = upgrade
        if down:
            slots.blue.stop()
        with connected(slots) as client:
            client.sendall(WEBSOCKET)
            assert client.recv(1024).startswith(b"HTTP/1.1 101 ")
            time.sleep(1.2)
            client.sendall(b"ping")
            assert client.recv(1024) == b"back:ping"


def test_no_other_protocol_passes_by_what_nginx_decides(open_: Slots) -> None:
    found = seen(open_, {"Upgrade": "h2c", "Connection": "Upgrade, HTTP2-Settings", "HTTP2-Settings": "x"})
    assert "Upgrade" not in found
    assert "Connection" not in found


KINDS = {
    "chunked": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", b"8\r\ndata: 1\n\r\n", b"0\r\n\r\n"),
    "until it ends": (b"HTTP/1.0 200 OK\r\n", b"data: 1\n", b""),
    "of a length": (b"HTTP/1.1 200 OK\r\nContent-Length: 16\r\n", b"data: 1\n", b"data: 2\n"),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_an_event_reaches_the_client_as_soon_as_it_is_sent(kind: str) -> None:
    head, event, end = KINDS[kind]
    with serving(read_timeout="5s") as slots:

        def stream(asked: Asked) -> None:
            asked.connection.sendall(head + b"Content-Type: text/event-stream\r\n\r\n" + event)
            heard.wait(10)
            asked.connection.sendall(end)

        heard = threading.Event()
        slots.blue.answer = stream
        with contextlib.closing(HTTPConnection(slots.stand.listen, timeout=5)) as client:
            client.request("POST", "/", b"{}")
            assert client.getresponse().read1(100) == b"data: 1\n"
            heard.set()


@pytest.mark.slow
def test_an_event_stream_may_be_silent_for_longer_than_an_answer() -> None:
    with serving(read_timeout="500ms") as slots:

        def stream(asked: Asked) -> None:
            time.sleep(1.2)
            asked.connection.sendall(b"HTTP/1.0 200 OK\r\n\r\ndata: 1\n")

        slots.blue.answer = stream
        assert slots.send("GET", "/", b"", {"Accept": "text/event-stream"}).text == "data: 1\n"
        answer = slots.ask()
        assert (answer.status, json.loads(answer.text)["error"]) == (504, "timeout")
        assert slots.got() == (2, 0)


@pytest.mark.slow
def test_the_largest_body_is_the_environment_s() -> None:
    with serving(body_limit="100k") as slots:
        assert slots.ask("POST", "/", b"x" * 102_400).status == 200
        answer = slots.ask("POST", "/", b"x" * 102_401)
    assert (answer.status, json.loads(answer.text)["detail"]) == (413, "a body may have at most 100 KiB")


def test_one_address_may_not_have_them_all() -> None:
    inside, over = threading.Semaphore(0), threading.Event()

    def hold(_asked: Asked) -> None:
        inside.release()
        over.wait(60)

    with serving(trusted=["127.0.0.1"], connections=2) as slots:
        slots.blue.answer = hold
        with contextlib.ExitStack() as held:
            held.callback(over.set)
            for _ in range(2):
                client = held.enter_context(connected(slots))
                client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n")
            for _ in range(2):
                assert inside.acquire(timeout=30)
            slots.blue.answer = lambda _asked: b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
            answer = slots.send("GET", "/", b"", {"X-Forwarded-For": "192.0.2.7"})
            assert (answer.status, answer.headers["retry-after"]) == (429, "5")
            assert json.loads(answer.text)["error"] == "too many requests"
            assert slots.send("GET", "/", b"", {"X-Forwarded-For": "192.0.2.8"}).status == 200
            assert slots.send("GET", "/", b"", {}).status == 200, "the front itself has no limit"


UNREADABLE = {
    "no HTTP": (b"garbage\r\n\r\n", 400, "bad request"),
    "a header of TLS": (b"\x16\x03\x01\x02\x00\x01\x00\r\n", 400, "bad request"),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400, "bad request"),
    "two lengths": (
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        400,
        "bad request",
    ),
    "a chunk of no size": (
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        400,
        "bad request",
    ),
    "a path above the root": (b"GET /../../etc HTTP/1.1\r\nHost: x\r\n\r\n", 400, "bad request"),
    "a long address": (b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, "address too long"),
    "a long header": (
        b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 40_000 + b"\r\n\r\n",
        431,
        "headers too large",
    ),
    "a method": (b"TRACE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405, "method not allowed"),
    "an encoding": (
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: zz\r\nConnection: close\r\n\r\n",
        501,
        "not implemented",
    ),
    "a version": (b"GET / HTTP/3.9\r\nHost: x\r\n\r\n", 505, "version not supported"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_cannot_be_read_is_refused_in_the_same_words_as_the_rest(open_: Slots, kind: str) -> None:
    request, status, error = UNREADABLE[kind]
    head, _, body = open_.raw(request).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"Content-Type: application/problem+json" in head
    found = json.loads(body)
    assert (found["status"], found["error"]) == (status, error)


def test_several_addresses_are_listened_on_and_the_first_is_asked() -> None:
    first, second = (free_port() for _ in range(2))
    with serving(listen=[f"[::1]:{first}", f"127.0.0.1:{second}"]) as slots:
        for address in (f"[::1]:{first}", f"127.0.0.1:{second}"):
            with contextlib.closing(HTTPConnection(address, timeout=5)) as client:
                client.request("GET", "/version")
                assert client.getresponse().read() == b"blue"
        slots.blue.answer = lambda _asked: b'HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{"tag": "x"}'
        answering = ask_as_status_does(slots.stand.host)
        assert (answering.url, answering.tag) == (f"http://[::1]:{first}", "x")
        state = slots.stand.host.proxy.state()
        assert (state.url, state.listen) == (answering.url, f"[::1]:{first}, 127.0.0.1:{second}")


@pytest.mark.slow
def test_an_address_of_another_machine_is_one_clear_error() -> None:
    with bench(listen=f"192.0.2.1:{free_port()}") as stand:
        with pytest.raises(ProxyError, match="Cannot assign requested address") as raised:
            stand.host.proxy.apply()
        assert "ip address" in raised.value.hint
