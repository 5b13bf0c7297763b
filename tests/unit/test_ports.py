"""The ports that tests and benchmarks listen on, and the subnets of their networks."""

import socket
from pathlib import Path

import pytest

import ports
from ports import free_port, ports_of, share
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


def test_a_subnet_is_given_once_though_it_has_no_network_yet() -> None:
    assert len({free_subnet() for _ in range(100)}) == 100


def test_of_what_workers_share_each_has_its_own_part() -> None:
    workers = ({"PYTEST_XDIST_WORKER": f"gw{n}", "PYTEST_XDIST_WORKER_COUNT": "3"} for n in range(3))
    assert [share(range(7), worker) for worker in workers] == [[0, 3, 6], [1, 4], [2, 5]]
    assert share(range(7), {}) == list(range(7))


def test_a_port_that_is_taken_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    free = free_port()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        shuffled = iter([listener.getsockname()[1], free])
        monkeypatch.setattr(ports, "_shuffled", lambda: shuffled)
        assert free_port() == free
    with pytest.raises(RuntimeError, match="no port is left"):
        free_port()
