"""Many requests: each has its reply in order, latency counts from when it was due, nothing is sent twice."""

import contextlib
import json
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ports import free_port
from relctl.config.gates import Ask
from relctl.probe import traffic
from relctl.probe.traffic import Plan, Reply
from relctl.verify.trial import exchange

ASK = Ask()
Answer = Callable[[str], tuple[int, str, bytes]]


def said(text: str) -> tuple[int, str, bytes]:
    return 200, "application/json", json.dumps({"translation": text.upper()}).encode()


class Server(ThreadingHTTPServer):
    """Lets all clients connect at once: of the usual five, who comes sixth waits for a second."""

    daemon_threads, request_queue_size = True, 128


@contextmanager
def server(answer: Answer) -> Iterator[tuple[str, list[str]]]:
    """A service that answers texts like this; its address, and the texts that it got."""
    texts: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            text = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"]
            texts.append(text)
            status, kind, body = answer(text)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            """Say nothing."""

    found = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=found.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"127.0.0.1:{found.server_port}", texts
    finally:
        found.shutdown()
        thread.join()
        found.server_close()


def test_replies_are_in_the_order_of_the_texts_and_each_is_sent_once() -> None:
    numbers: list[int] = []
    texts = [f"text {number}" for number in range(50)]
    with server(said) as (address, got):
        replies = traffic.send(address, texts, Plan(ASK, 8, 10.0), numbers.append)
    assert [exchange.read(reply, ASK) for reply in replies] == [(text.upper(), "") for text in texts]
    assert sorted(got) == sorted(texts)
    assert len(numbers) == 50
    assert max(numbers) == 50


def test_at_a_rate_requests_are_due_at_fixed_times_in_bursts() -> None:
    with server(said) as (address, _):
        replies = traffic.send(address, ["a"] * 12, Plan(ASK, 8, 10.0, rate=100.0, burst=4))
    due = [round(reply.due - replies[0].due, 6) for reply in replies]
    assert due == pytest.approx([0.0] * 4 + [0.04] * 4 + [0.08] * 4, abs=1e-5)


def test_a_stall_delays_all_that_was_due_in_it() -> None:
    stalled = threading.Event()

    def stalls_once(text: str) -> tuple[int, str, bytes]:
        if not stalled.is_set():
            stalled.set()
            time.sleep(0.5)
        return said(text)

    with server(stalls_once) as (address, _):
        replies = traffic.send(address, ["a"] * 20, Plan(ASK, 1, 10.0, rate=50.0))
    # One client waits for half a second: by its end all twenty were due, and most of them long before.
    assert sum(reply.seconds > 0.1 for reply in replies) >= 15


def test_what_went_wrong_is_said_and_nothing_is_sent_again() -> None:
    def answers(text: str) -> tuple[int, str, bytes]:
        return {
            "status": (500, "application/json", b"{}"),
            "type": (200, "text/html", b'{"translation": "x"}'),
            "body": (200, "application/json", b"<html>"),
            "shape": (200, "application/json", b'{"translation": 3}'),
            "list": (200, "application/json", b"[]"),
        }[text]

    texts = ["status", "type", "body", "shape", "list"]
    with server(answers) as (address, got):
        replies = traffic.send(address, texts, Plan(ASK, 1, 10.0))
    wrong = [exchange.read(reply, ASK)[1] for reply in replies]
    assert [words.partition(":")[0] for words in wrong] == [
        *("status 500", "content type text/html", "the body is not JSON", "no translation in the answer"),
        "no translation in the answer",
    ]
    assert got == texts


@contextmanager
def raw(answer: bytes, then_hang: bool = False, asked: Callable[[], None] = lambda: None) -> Iterator[str]:
    """A server of one answer, byte for byte, to whoever connects; it never ends a connection if it hangs.

    `asked` is called as each request has come.
    """
    listening = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()
    held: list[socket.socket] = []

    def serve() -> None:
        while not over.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            held.append(connection)
            threading.Thread(target=one, args=(connection,), daemon=True).start()

    def one(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while connection.recv(65_536):
                asked()
                connection.sendall(answer)
                while then_hang and not over.wait(0.05):
                    connection.sendall(b"x")  # a byte now and then, without an end

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"127.0.0.1:{listening.getsockname()[1]}"
    finally:
        over.set()
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
        listening.close()
        for connection in held:
            connection.close()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (HEAD + b"Content-Length: 99999999999999999999\r\n\r\n{}", "OverflowError"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n{}\r\n", ""),
        (b"hello\r\n\r\n", "BadStatusLine"),
        (HEAD + b"Content-Length: 2\r\n\r\n" + b"[" * 2, "the body is not JSON"),
    ],
)
def test_an_answer_that_no_client_can_read_is_a_reply_and_no_thread_is_lost(
    answer: bytes, words: str
) -> None:
    with raw(answer) as address:
        replies = traffic.send(address, ["a"] * 6, Plan(ASK, 2, 0.5))
    assert [reply.number for reply in replies] == list(range(6))
    for reply in replies:
        wrong = exchange.read(reply, ASK)[1]
        assert wrong
        assert words in wrong or "not sent" in wrong or "no complete answer" in wrong


def test_brackets_without_end_are_no_translation() -> None:
    reply = Reply(0, 0, 0, 1, 200, "application/json", b"[" * 200_000, "")
    assert exchange.read(reply, ASK)[1].startswith("the body is not JSON")
    half = Reply(0, 0, 0, 1, 200, "application/json", b'{"translation": "\\ud83d"}', "")
    assert exchange.read(half, ASK)[1].startswith("a lone surrogate in the answer")


def test_an_answer_that_trickles_for_ever_ends_in_time() -> None:
    began = time.monotonic()
    with raw(HEAD + b"Content-Length: 1000000\r\n\r\n", then_hang=True) as address:
        [reply] = traffic.send(address, ["a"], Plan(ASK, 1, 0.4))
    assert reply.error == "no complete answer within 0.4 s"
    assert time.monotonic() - began < 30


def test_when_nobody_answers_the_rest_is_not_sent() -> None:
    replies = traffic.send(f"127.0.0.1:{free_port()}", ["a"] * 1_000, Plan(ASK, 4, 1.0))
    assert len(replies) == 1_000
    tried = [reply for reply in replies if "not sent" not in reply.error]
    assert len(tried) < 20
    assert re.fullmatch(r"not sent: \d+ requests in a row got no answer", replies[-1].error)


def test_an_interrupt_ends_what_is_under_way_and_sends_nothing_more() -> None:
    class Interrupt(BaseException):
        pass

    def interrupts(number: int, _: object) -> None:
        signal.signal(signal.SIGALRM, signal.SIG_IGN)  # once: the clients that follow send it too
        raise Interrupt

    def all_are_asked() -> None:
        came.append(threading.get_ident())
        if len(came) == 4:
            signal.pthread_kill(main, signal.SIGALRM)

    came, main = list[int](), threading.get_ident()
    before = threading.active_count()
    with raw(HEAD + b"Content-Length: 1000000\r\n\r\n", True, all_are_asked) as address:
        handler = signal.signal(signal.SIGALRM, interrupts)
        began = time.monotonic()
        try:
            with pytest.raises(Interrupt):
                traffic.send(address, ["a"] * 50, Plan(ASK, 4, 60.0))
        finally:
            signal.signal(signal.SIGALRM, handler)
        assert time.monotonic() - began < 30
        assert len(came) == 4
    deadline = time.monotonic() + 30
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= before


def test_nobody_there_is_a_reply_too() -> None:
    [reply] = traffic.send(f"127.0.0.1:{free_port()}", ["a"], Plan(ASK, 1, 1.0))
    assert isinstance(reply, Reply)
    assert reply.status == 0
    assert "Refused" in exchange.read(reply, ASK)[1]
