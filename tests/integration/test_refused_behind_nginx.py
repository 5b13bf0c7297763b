"""Refusals of requests with a body reach their clients through a real Nginx, and both count the same."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from refused import measure
from refused_parts.clients import Refused, spend
from refused_parts.front import front
from refused_parts.kinds import KINDS, SETTINGS
from scratch import ROOT
from unit.translator.service_process import Service, Services

MEGABYTES = 1024**2
STATUSES = sorted(kind.status for kind in KINDS)


def test_every_refusal_comes_through_nginx_and_is_counted_alike_by_both() -> None:
    each = 20
    found = measure(each * len(KINDS), clients=8, largest=8 * MEGABYTES)
    assert found["wrong"] == {}
    # Nor was any sent on to the standby: the services would have counted it twice.
    assert found["by_nginx"] == found["by_services"] == dict.fromkeys(STATUSES, each)


@pytest.mark.slow
def test_the_benchmark_of_refusals_up_to_the_proxys_limit_loses_none() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "refused.py"), "--requests", "1400"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr or done.stdout
    found: Any = json.loads(done.stdout.splitlines()[-1])
    assert (found["requests"], found["lost"], found["wrong"]) == (1400, 0, {})


@pytest.fixture
def start() -> Iterator[Callable[[], Service]]:
    services = Services()

    def start_ready() -> Service:
        service = services.start(**SETTINGS)
        service.wait_for("/readyz", 200)
        spend(service.port)
        return service

    yield start_ready
    services.end()


@pytest.mark.slow
def test_a_slot_that_stops_among_refused_requests_loses_none(start: Callable[[], Service]) -> None:
    blue, green = start(), start()
    with front(blue.port, green.port) as nginx:
        sent = Refused(KINDS, number=900, least=1024, most=4 * MEGABYTES)
        stop = threading.Timer(0.5, blue.process.terminate)
        stop.start()
        sent.send(nginx.port, clients=8)
        stop.join()
        assert blue.process.wait(timeout=40) == 0
        assert (len(sent.outcomes), sent.wrong()) == (900, {})
