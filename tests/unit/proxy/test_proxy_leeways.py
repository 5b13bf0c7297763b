"""How long and how far: each leeway of the proxy's door, to the last unit on either side of it."""

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any, cast

import pytest

from relctl.errors import ProxyError
from relctl.proxy import access_log, nginx, recent_traffic
from relctl.proxy.access_log import AccessLog
from relctl.proxy.nginx import ManagedNginx
from relctl.proxy.pointer import USUAL_STEPS
from relctl.proxy.processes import Worker
from still_clock import StillClock

NOW = 1_800_000_000.0


def line(at: float, took: float = 0.0) -> str:
    found = {"msec": at, "pool": "blue", "uri": "/", "status": 200, "request_time": took, "upstream": "a:1"}
    return json.dumps(found) + "\n"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> StillClock:
    made = StillClock(NOW)
    for module in (access_log, nginx, recent_traffic):
        monkeypatch.setattr(module, "time", made)
    return made


@pytest.mark.parametrize(("at", "counted"), [(NOW - 300, 1), (NOW - 300.001, 0), (NOW, 1), (NOW + 0.001, 0)])
@pytest.mark.usefixtures("clock")
def test_the_last_seconds_are_counted_from_their_first_to_now(
    tmp_path: Path, at: float, counted: int
) -> None:
    (tmp_path / "access.log").write_text(line(at))
    found = recent_traffic.recent_traffic(tmp_path / "access.log", 300.0)
    assert sum(pool.requests for pool in found.pools.values()) == counted


@pytest.mark.usefixtures("clock")
def test_four_mebibytes_of_a_log_are_read_at_most(tmp_path: Path) -> None:
    path, each = tmp_path / "access.log", line(NOW - 1)
    path.write_text(each * (5 * 1024**2 // len(each)))
    found = recent_traffic.recent_traffic(path, 300.0).pools["blue"].requests
    assert found == pytest.approx(4 * 1024**2 / len(each), abs=1)


def test_a_renamed_log_is_read_for_ten_seconds_more(tmp_path: Path, clock: StillClock) -> None:
    path, old = tmp_path / "access.log", tmp_path / "access.log.1"
    path.write_text("")
    with AccessLog(path) as log:
        path.rename(old)
        path.write_text("")
        found = []
        for later in (0.0, 10.0, 10.001, 20.0):
            with old.open("a") as file:
                file.write(line(NOW))
            clock.now = NOW + later
            found.append(len(list(log.read())))
    assert found == [1, 1, 1, 0]


@pytest.mark.parametrize(("length", "lost"), [(1024**2, 0), (1024**2 + 1, 1)])
def test_a_line_may_have_a_mebibyte_before_it_is_given_up(tmp_path: Path, length: int, lost: int) -> None:
    path = tmp_path / "access.log"
    path.write_text("")
    with AccessLog(path) as log:
        with path.open("a") as file:
            file.write("x" * length)
        list(log.read())
        assert log.losses.garbage == lost


def stuck(folder: Path, monkeypatch: pytest.MonkeyPatch, *, up: bool) -> ManagedNginx:
    """An Nginx whose worker never goes, and nothing of which is really signalled."""
    monkeypatch.setattr(nginx, "run", lambda *_: None)
    monkeypatch.setattr(os, "kill", lambda *_: None)
    made = ManagedNginx(folder, "nginx")
    monkeypatch.setattr(made, "pid", lambda: 1 if up else None)
    monkeypatch.setattr(made, "workers", lambda: {Worker(2, 3, leaving=False)})
    return made


def test_nginx_has_ten_seconds_to_serve_and_to_take_a_new_configuration(
    tmp_path: Path, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ProxyError, match="has no workers"):
        stuck(tmp_path, monkeypatch, up=False).start()
    assert clock.now - NOW == pytest.approx(10.0, abs=0.03)
    clock.now = NOW
    with pytest.raises(ProxyError, match="keeps its old configuration: no answer"):
        stuck(tmp_path, monkeypatch, up=True).reload()
    assert clock.now - NOW == pytest.approx(10.0, abs=0.03)
    clock.now = NOW
    assert stuck(tmp_path, monkeypatch, up=False).end_orphans()
    assert clock.now - NOW == pytest.approx(10.0, abs=0.03)


def test_nginx_has_a_little_over_two_minutes_to_finish_its_requests(
    tmp_path: Path, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ProxyError, match=r"Nginx \(1 2\) did not end in 130 s"):
        stuck(tmp_path, monkeypatch, up=True).stop()
    assert clock.now - NOW == pytest.approx(130.0, abs=0.03)


@pytest.mark.parametrize(
    ("work", "sent"),
    [
        (ManagedNginx.reload, (1, signal.SIGHUP)),
        (ManagedNginx.stop, (1, signal.SIGQUIT)),
        (ManagedNginx.end_orphans, (2, signal.SIGQUIT)),
    ],
    ids=("reload", "stop", "orphans"),
)
@pytest.mark.usefixtures("clock")
def test_nginx_is_asked_in_a_way_that_lets_requests_finish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: Any, sent: tuple[int, int]
) -> None:
    made, signals = stuck(tmp_path, monkeypatch, up=True), list[tuple[int, int]]()
    monkeypatch.setattr(os, "kill", lambda *each: signals.append(cast("Any", each)))
    try:
        work(made)
    except ProxyError:
        assert work is not ManagedNginx.end_orphans
    assert signals == [sent]


def test_a_command_of_someone_else_has_half_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = dict[str, Any]()

    def run(words: Any, **named: Any) -> None:
        seen.update(named)
        raise subprocess.TimeoutExpired(words, named["timeout"])

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(ProxyError, match="Nginx does not reload: no answer in 30 s"):
        nginx.run(["nginx", "-s", "reload"], "Nginx does not reload")
    assert seen["timeout"] == 30
    assert seen["env"]["PATH"].endswith(":/usr/local/sbin:/usr/sbin:/sbin")


def test_the_steps_that_cost_no_reload_are_the_usual_ones() -> None:
    assert USUAL_STEPS == (1, 2, 5, 10, 15, 20, 25, 30, 40, 50, 75, 90)
