"""The ports that tests and benchmarks listen on, and the subnets of their projects."""

import socket
from pathlib import Path

import pytest

import ports
from ports import free_port, ports_of, share_of
from scratch import free_subnet


def test_a_port_is_given_once_and_no_client_connection_gets_it() -> None:
    first, last = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    given = [free_port() for _ in range(300)]
    assert len(set(given)) == 300
    assert not [port for port in given if first <= port <= last or port < 1024]


def test_no_port_is_given_by_two_workers_and_none_is_lost() -> None:
    workers = ({"PYTEST_XDIST_WORKER": f"gw{n}", "PYTEST_XDIST_WORKER_COUNT": "3"} for n in range(3))
    given = [port for worker in workers for port in ports_of(worker)]
    assert sorted(given) == ports_of({})


def test_a_port_that_is_taken_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    free = free_port()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        shuffled = iter([listener.getsockname()[1], free])
        monkeypatch.setattr(ports, "_shuffled", lambda: shuffled)
        assert free_port() == free
    with pytest.raises(RuntimeError, match="no port is left"):
        free_port()


def test_a_subnet_is_given_once() -> None:
    given = [free_subnet() for _ in range(20)]
    assert len(set(given)) == 20


def test_no_number_is_for_two_workers_and_none_is_lost() -> None:
    workers = ({"PYTEST_XDIST_WORKER": f"gw{n}", "PYTEST_XDIST_WORKER_COUNT": "4"} for n in range(4))
    shares = [share_of(worker, range(4096)) for worker in workers]
    assert sorted(number for share in shares for number in share) == share_of({}, range(4096))
