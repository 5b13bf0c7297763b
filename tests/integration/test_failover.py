"""Live's container goes away under load, on the real engine: the standby answers, and relctl says so."""

import contextlib
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from client_load import Load, failed
from scratch import RELCTL, Scratch
from watcher import is_watched

pytestmark = pytest.mark.engine

SLOWEST = 3.0  # seconds; the time to connect that the template gives, and a loaded machine's moment
USERS = 8


def settle(project: Scratch, tags: list[str]) -> None:
    """Make the second live and the first the standby, both running, and forget what was logged."""
    for tag in tags[:2]:
        project.ok("promote", tag)
    access_log(project)[0].write_text("")


def access_log(project: Scratch) -> list[Any]:
    return list(project.state.glob("*/nginx/access.log"))


@contextlib.contextmanager
def loaded(project: Scratch) -> Iterator[Load]:
    """Send requests until the block ends, whatever happens in it."""
    load = Load(project.listen, "/translate", {"text": "x"}, connections=USERS, pause=0.002).start()
    try:
        load.wait_for(200, within=20)
        yield load
    finally:
        load.stop()


def container(client: Any, project: Scratch, slot: str) -> Any:
    """The container of a slot, as the engine's own client has it."""
    return client.containers.get(f"relctl-{project.service}-local-{slot}")


@pytest.mark.parametrize(
    "goes",
    [
        pytest.param(lambda live: live.kill(), id="kill"),
        pytest.param(lambda live: live.stop(), id="stop", marks=pytest.mark.slow),
        pytest.param(lambda live: live.remove(force=True), id="rm--f", marks=pytest.mark.slow),
    ],
)
def test_live_s_container_goes_away_and_no_request_fails(
    shared_echo: Scratch, echo_tags: list[str], client: Any, goes: Callable[[Any], object]
) -> None:
    settle(shared_echo, echo_tags)
    pointer = shared_echo.json("status")["pointer"]
    with loaded(shared_echo) as load:
        goes(container(client, shared_echo, pointer))
        load.wait_for(16, within=20)
    samples = load.stop()
    took = sorted(sample.ended - sample.sent for sample in samples)
    print(f"{len(samples)} requests, slowest {took[-1]:.3f} s")
    assert failed(samples) == []
    assert {sample.release for sample in samples[:100]} == {echo_tags[1]}
    assert {sample.release for sample in samples[-8:]} == {echo_tags[0]}
    # Where connecting takes longer it does so for one wave of users after the other. A machine that stands
    # still for seconds meets one: each has one request under way.
    assert took[-1 - USERS] < SLOWEST, took[-3 * USERS :]
    assert_told(shared_echo, echo_tags, pointer, sum(sample.release == echo_tags[0] for sample in samples))


def assert_told(project: Scratch, tags: list[str], pointer: str, answered: int) -> None:
    """Status and log say who answers for whom, since when and how often; and no more once live is back."""
    passed_on = logged_as_passed_on(project, answered)
    assert len(passed_on) == answered
    assert {(each["pool"], each["status"]) for each in passed_on} == {(pointer, 200)}
    found = project.json("status")
    standing_in = found["standing_in"]
    assert (standing_in["tag"], standing_in["slot"]) == (tags[0], found["standby"]["slot"])
    assert standing_in["requests"] == found["traffic"]["pools"][pointer]["stood_in"] == answered
    assert standing_in["since"] <= time.time()
    assert found["traffic"]["pools"][pointer]["errors"] == 0
    text = project.ok("status").stdout
    assert f"  answers  the standby {tags[0]} in {standing_in['slot']} answers for live, since 20" in text
    assert f"{answered:,} of them answered by the other slot" in text
    project.ok("promote", tags[1])
    found = project.json("status")
    assert (found["live"]["health"], found["standing_in"], found["drift"]) == ("ready", None, [])
    assert found["traffic"]["pools"][pointer]["stood_in"] == answered


def logged_as_passed_on(project: Scratch, awaited: int) -> list[Any]:
    """The log's lines of requests that the standby answered; Nginx writes a line behind its answer."""
    deadline = time.monotonic() + 30
    while True:
        lines = [json.loads(line) for line in access_log(project)[0].read_text().splitlines()]
        found = [each for each in lines if each["uri"] == "/translate" and " : " in each["upstream"]]
        if len(found) >= awaited or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def test_a_release_that_is_down_is_unhealthy_though_every_request_is_answered(
    shared_echo: Scratch, echo_tags: list[str], client: Any
) -> None:
    settle(shared_echo, echo_tags)
    new = {"blue": "green", "green": "blue"}[shared_echo.json("status")["pointer"]]
    command = [str(RELCTL), "promote", echo_tags[2], "--observe", "10m"]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with (
        loaded(shared_echo) as load,
        subprocess.Popen(command, cwd=shared_echo.root, env=shared_echo.environ, **pipes) as promote,
    ):
        try:
            while not is_watched(found := shared_echo.json("status"), "window"):
                assert promote.poll() is None, promote.communicate()
            container(client, shared_echo, new).kill()
            _, words = promote.communicate(timeout=200)
        finally:
            promote.kill()
        load.wait_for(16, within=20)
    samples = load.stop()
    assert promote.returncode == 5, words
    assert f"{echo_tags[2]} was not promoted: it is unhealthy: " in words
    assert "requests failed" in words
    assert failed(samples) == []
    assert {sample.release for sample in samples[-8:]} == {echo_tags[1]}
    assert found["watching"] != ""
    assert shared_echo.json("status")["standing_in"] is None


@pytest.mark.slow
def test_once_a_request_has_killed_both_it_kills_only_live(
    shared_echo: Scratch, echo_tags: list[str], client: Any
) -> None:
    """The contract says `replay`: the first one is sent on, and no other for a minute."""
    settle(shared_echo, echo_tags)
    found = shared_echo.json("status")
    live, standby = (container(client, shared_echo, found[each]["slot"]) for each in ("live", "standby"))
    for live_restarts, standby_restarts in ((1, 1), (2, 1), (3, 1)):
        assert requests.get(f"http://{shared_echo.listen}/crash", timeout=10).status_code == 502
        wait_until_restarted(live, live_restarts)
        wait_until_restarted(standby, standby_restarts)
    assert requests.get(f"http://{shared_echo.listen}/readyz", timeout=10).status_code == 200


def wait_until_restarted(found: Any, times: int) -> None:
    """Wait until the engine has started a container anew so often, and it answers."""
    deadline = time.monotonic() + 30
    while restarts(found) < times or not answers(found):
        assert time.monotonic() < deadline, found.attrs["State"]
        time.sleep(0.05)
    assert restarts(found) == times


def restarts(found: Any) -> int:
    found.reload()
    return int(found.attrs["RestartCount"])


def answers(found: Any) -> bool:
    [network] = found.attrs["NetworkSettings"]["Networks"].values()
    try:
        return requests.get(f"http://{network['IPAddress']}:8000/readyz", timeout=1).status_code == 200
    except requests.RequestException:
        return False
