"""One client against a release, over a real Nginx, and a release that makes many go away."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hosts import Bench, bench
from relctl.errors import RolledBackError
from relctl.rollout.promote import promote
from relctl.rollout.snapshot import take_snapshot
from stands import ANY_P95

EVE = "127.0.0.66"
USERS = tuple(f"127.0.0.{number}" for number in range(10, 22))
POLICY = {"observe": 3.0, "max_error_rate": 0.05, "max_p95_ratio": ANY_P95, "min_requests": 50}

pytestmark = pytest.mark.usefixtures("small_spans")


@pytest.fixture
def stand() -> Iterator[Bench]:
    with bench() as made:
        yield made


def ask(stand: Bench, source: str, text: str, patience: float) -> None:
    """Ask once from an address; go away when the answer has not come in time."""
    host, port = stand.listen.split(":")
    body = json.dumps({"text": text}).encode()
    head = f"POST /translate HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
    with socket.create_connection((host, int(port)), 5, (source, 0)) as connection:
        connection.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode() + body)
        connection.settimeout(patience)
        with contextlib.suppress(TimeoutError):
            while connection.recv(4_096):
                pass


@contextlib.contextmanager
def repeated(*tasks: Callable[[], None], pause: float) -> Iterator[None]:
    """Do each again and again, until the block is left."""
    over = threading.Event()

    def repeat(task: Callable[[], None]) -> None:
        while not over.wait(pause):
            with contextlib.suppress(OSError):
                task()

    threads = [threading.Thread(target=repeat, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


@contextlib.contextmanager
def used(stand: Bench, patience: float = 5.0, answers: int = 300) -> Iterator[None]:
    """Many users ask, and have for long enough to be a baseline."""
    tasks = [lambda source=source: ask(stand, source, "x", patience) for source in USERS]
    with repeated(*tasks, pause=0.02):
        log, deadline = stand.host.paths.access_log, time.monotonic() + 30
        while log.read_text().count('"/translate"') < answers:
            assert time.monotonic() < deadline, "nobody is answered"
            time.sleep(0.05)
        yield


def observed(stand: Bench) -> dict[str, Any]:
    events = stand.host.ledger.read().events
    return next(event.details for event in reversed(events) if event.event == "observed")


def eve_logged(stand: Bench, status: int) -> int:
    lines = stand.host.paths.access_log.read_text().splitlines()
    return sum(f'"status":{status}' in each and EVE in each for each in lines)


def test_one_client_that_goes_away_again_and_again_takes_no_good_release_back(stand: Bench) -> None:
    # So slow that it takes a long stall of the machine until one who goes away has had reason to.
    promote(stand.host, stand.proved("1.0.0", delay_ms=70))
    second = stand.proved("2.0.0", delay_ms=30)
    with used(stand, answers=200), repeated(lambda: ask(stand, EVE, "x", 0.005), pause=0.05):
        moved = promote(stand.under(**POLICY), second)
    assert moved is not None
    assert take_snapshot(stand.host).live_tag == str(second)
    assert eve_logged(stand, 499) >= 5
    assert observed(stand)["gone"] >= 5
    assert observed(stand)["error_rate"] == 0
    assert observed(stand)["clients"] >= len(USERS)


@pytest.mark.slow
def test_one_client_whose_requests_fail_takes_no_good_release_back(stand: Bench) -> None:
    promote(stand.host, stand.proved("1.0.0", delay_ms=10))
    second = stand.proved("2.0.0", delay_ms=10, chokes_on="poison")
    with used(stand), repeated(lambda: ask(stand, EVE, "poison", 5.0), pause=0.01):
        promote(stand.under(**POLICY), second)
    assert take_snapshot(stand.host).live_tag == str(second)
    assert eve_logged(stand, 500) >= 20
    found = observed(stand)
    assert found["silenced"] >= 20
    # One failure counts, however many others a busy machine let in.
    assert found["error_rate"] * found["requests"] < 1.5


@pytest.mark.slow
@pytest.mark.parametrize("canary", [(), (50,)], ids=("whole", "canary"))
def test_a_release_that_hangs_makes_users_go_away_and_is_taken_back(
    stand: Bench, canary: tuple[int, ...]
) -> None:
    first = stand.proved("1.0.0", delay_ms=10)
    promote(stand.host, first)
    with used(stand, patience=0.6), pytest.raises(RolledBackError, match=r"\d+ clients: .* requests failed"):
        promote(stand.under(**POLICY, canary=canary), stand.proved("2.0.0", delay_ms=5_000))
    assert take_snapshot(stand.host).live_tag == str(first)
    assert observed(stand)["verdict"] == "unhealthy"
    assert observed(stand)["gone"] > 0
