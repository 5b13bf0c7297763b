"""Which requests Nginx sends to the other slot: those that nobody got, and those that may be repeated."""

import json
from collections.abc import Iterator

import pytest

from hosts import bench
from odd_service import Answer, Slots, breaks, odd_slots, says
from relctl.config.versions import Contract
from relctl.proxy.access_log_line import parse
from relctl.proxy.proxy import Proxy
from relctl.proxy.upstream import Upstream, of_the_folder

METHODS = ("GET", "HEAD", "PUT", "DELETE", "POST", "PATCH")


@pytest.fixture
def slots() -> Iterator[Slots]:
    with bench() as stand, odd_slots(stand) as made:
        yield made


def serve(slots: Slots, blue: object, green: object = False) -> None:
    """Start Nginx for two releases, each with what its contract says of `idempotent`."""
    project, said = slots.stand.host.project, {"blue": blue, "green": green}
    upstreams = {
        slot: Upstream(
            found.address, Contract.model_validate({"port": 1, "keep_alive": "0s", "idempotent": said[slot]})
        )
        for slot, found in of_the_folder(project).items()
    }
    Proxy(project, slots.stand.host.paths, lambda: upstreams).apply()


@pytest.mark.parametrize("idempotent", [pytest.param(False, marks=pytest.mark.slow), True])
def test_a_request_that_ended_its_process_reaches_no_other(slots: Slots, idempotent: bool) -> None:
    serve(slots, idempotent, "replay")
    slots.blue.answer = breaks
    for number, method in enumerate(METHODS, 1):
        answer = slots.ask(method, "/oom", b"x" * 200_000 if method in ("PUT", "POST", "PATCH") else b"")
        assert answer.status == 502
        assert answer.headers["content-type"] == "application/problem+json"
        assert slots.got() == (number, 0)


def test_a_request_that_no_process_got_is_sent_to_the_other_whatever_its_method(slots: Slots) -> None:
    serve(slots, blue=False)
    slots.blue.stop()
    for method in METHODS:
        body = b"x" * 200_000 if method in ("PUT", "POST", "PATCH") else b""
        answer = slots.ask(method, "/", body)
        assert (answer.status, answer.text) == (200, "" if method == "HEAD" else "green")
        found = slots.green.asked[-1]
        assert (found.line.split()[0], found.body) == (method, body)
    line = parse(json.dumps(slots.logged()).encode())
    assert line is not None
    assert (line.pool, line.stood_in) == ("blue", True)


def test_what_may_be_replayed_is_by_the_contract_of_the_slot_that_broke(slots: Slots) -> None:
    serve(slots, blue="replay", green=False)
    slots.blue.answer = breaks
    body = b"x" * 200_000  # more than Nginx keeps in memory
    assert slots.ask("POST", "/", body).text == "green"
    assert slots.green.asked[-1].body == body
    assert slots.logged()["upstream_status"] == "502 : 200"
    slots.stand.host.proxy.pointer.move("green")
    slots.blue.answer, slots.green.answer = says("blue"), breaks
    assert slots.ask("POST", "/", body).status == 502
    assert slots.got() == (1, 2)


def test_once_a_replay_has_broken_the_other_too_nothing_is_replayed(slots: Slots) -> None:
    serve(slots, blue="replay", green="replay")
    slots.blue.answer = slots.green.answer = breaks
    assert slots.ask("GET", "/oom").status == 502
    assert slots.got() == (1, 1)
    slots.green.answer = says("green")
    assert [slots.ask("GET", "/oom").status for _ in range(5)] == [502] * 5
    assert slots.got() == (6, 1)
    line = parse(json.dumps(slots.logged()).encode())
    assert line is not None
    assert (line.passed_on, line.failed) == (False, True), "the other slot was not asked"
    slots.blue.stop()
    assert slots.ask("GET", "/").text == "green", "what was never sent is still passed on"


@pytest.mark.slow
def test_a_request_is_sent_to_two_slots_at_most(slots: Slots) -> None:
    serve(slots, blue="replay", green="replay")
    slots.blue.stop()
    slots.green.answer = breaks
    assert slots.ask("GET", "/").status == 502
    assert slots.got() == (0, 1)
    slots.green.stop()
    assert slots.ask("GET", "/").status == 502
    assert slots.logged()["upstream_status"] == "502 : 502"


def answers(status: int) -> Answer:
    return lambda _asked: b"HTTP/1.1 %d Own\r\nContent-Length: 3\r\n\r\nown" % status


def test_what_the_service_answers_itself_passes_as_it_is(slots: Slots) -> None:
    """From the slot that was asked first, and from the one that stands in."""
    serve(slots, blue="replay")
    statuses = (400, 403, 404, 413, 414, 418, 429, 500, 501, 502, 503, 504)
    for number, status in enumerate(statuses, 1):
        slots.blue.answer = answers(status)
        answer = slots.ask()
        assert (answer.status, answer.text, slots.got()) == (status, "own", (number, 0))
    slots.blue.stop()
    for status in statuses:
        slots.green.answer = answers(status)
        answer = slots.ask()
        assert (answer.status, answer.text) == (status, "own")


def test_an_answer_that_has_begun_is_not_asked_for_again(slots: Slots) -> None:
    serve(slots, blue="replay")

    def half(asked: object) -> None:
        slots.blue.asked[-1].connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")

    slots.blue.answer = half
    assert slots.raw(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").endswith(b"half")
    assert slots.got() == (1, 0)


def test_headers_of_usual_sizes_pass_both_ways(slots: Slots) -> None:
    serve(slots, blue=False)
    cookie = b"x" * 32_000
    slots.blue.answer = lambda _asked: (
        b"HTTP/1.1 200 OK\r\nSet-Cookie: s=" + cookie + b"\r\nContent-Length: 2\r\n\r\nok"
    )
    answer = slots.send("GET", "/" + "p" * 16_000, b"", {"Cookie": "c" * 32_000})
    assert (answer.status, len(answer.headers["set-cookie"])) == (200, len(cookie) + 2)
    assert len(slots.blue.asked[-1].headers["Cookie"]) == 32_000
