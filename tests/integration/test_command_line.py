"""The main job through the command line, on the real engine and a real Nginx, with the echo service."""

import json
import signal
import subprocess
import time
from statistics import median_low

import pytest
import requests

from client_load import Load, Settled, failed, stale
from ports import free_port
from relctl.tag import Tag
from scratch import RELCTL, Scratch, another_environment, containers

pytestmark = pytest.mark.engine


def live(project: Scratch) -> str:
    found: str = requests.get(f"http://{project.listen}/version", timeout=5).json()["tag"]
    return found


def settle(project: Scratch, tags: list[str]) -> tuple[str, str]:
    """Make the first release live and the second the standby, and return them."""
    first, second, _ = tags
    project.ok("promote", second)
    project.ok("promote", first)
    return first, second


def test_from_commit_to_rollback_under_load_no_request_is_lost_or_stale(
    shared_echo: Scratch, echo_tags: list[str]
) -> None:
    first, second, third = echo_tags
    shared_echo.ok("promote", first)
    load = Load(shared_echo.listen, "/translate", {"text": "x"}, connections=16).start()
    spans, switches = list[Settled](), list[float]()
    since, tag = time.monotonic(), first
    for arguments, after in (
        (("promote", second), second),
        (("rollback",), first),
        (("promote", third), third),
        (("rollback", second), second),
    ):
        load.wait_for(100, within=30)
        spans.append(Settled(tag, since, time.monotonic()))
        result = shared_echo.json(*arguments)
        since, tag = time.monotonic(), after
        assert result["tag"] == after
        switches.append(result["switch_ms"])
    assert median_low(switches) < 50, switches  # one of them may have lost its processor half way
    load.wait_for(100, within=30)
    samples = load.stop()
    spans.append(Settled(tag, since, float("inf")))
    assert failed(samples) == []
    assert stale(samples, spans) == []
    assert {sample.release for sample in samples} == {first, second, third}


def test_status_releases_and_history_agree(shared_echo: Scratch, echo_tags: list[str]) -> None:
    second, first = settle(shared_echo, echo_tags)
    shared_echo.ok("rollback", "--reason", "a rehearsal")
    status = shared_echo.json("status")
    live, standby = status["live"], status["standby"]
    assert (live["tag"], live["health"]) == (first, "ready")
    assert (standby["tag"], standby["health"]) == (second, "ready")
    assert {live["slot"], standby["slot"]} == {"blue", "green"}
    assert (status["pointer"], status["proxy"], status["drift"]) == (live["slot"], "running", [])
    listed = {
        each["tag"]: (each["runs"], each["evidence"], each["retained"])
        for each in shared_echo.json("releases")
    }
    assert (listed[first], listed[second]) == (("live", "pass", True), ("standby", "pass", True))
    reports = {each["reports"] for each in shared_echo.json("releases")}
    assert shared_echo.ok("releases").stdout.splitlines()[-1] == f"reports: {reports.pop()}"
    last = shared_echo.json("history")[-1]
    assert (last["event"], last["tag"], last["from"], last["reason"]) == (
        "rolled-back",
        first,
        standby["slot"],
        "a rehearsal",
    )
    for verb in ("status", "releases", "history"):
        text = shared_echo.ok(verb).stdout
        assert first in text
        assert second in text


def test_a_version_a_commit_and_a_role_name_a_release(shared_echo: Scratch, echo_tags: list[str]) -> None:
    first, second = (Tag.parse(each) for each in settle(shared_echo, echo_tags))
    assert shared_echo.json("rollback", second.version)["tag"] == str(second)
    assert shared_echo.json("logs", "standby")["tag"] == str(first)
    assert shared_echo.json("promote", first.commit)["tag"] == str(first)
    assert shared_echo.json("history")[-1]["tag"] == str(first)
    assert shared_echo.json("pin", "latest")["tag"] in {each["tag"] for each in shared_echo.json("releases")}
    shared_echo.ok("unpin", "latest")


def test_a_slip_is_refused_with_what_was_meant(shared_echo: Scratch, echo_tags: list[str]) -> None:
    wrong = f"{echo_tags[0][:-1]}{'0' if echo_tags[0][-1] != '0' else '1'}"
    done = shared_echo.run("verify", wrong, "--json")
    error = json.loads(done.stderr.splitlines()[-1])
    assert (done.returncode, error["code"], done.stdout) == (2, 2, "")
    assert error["error"].endswith(f"; did you mean {echo_tags[0]}?")
    assert error["next"].startswith("relctl releases")


def test_the_ledger_tells_build_verification_and_promotion(echo: Scratch) -> None:
    tag = echo.proved("1.0.0")
    echo.ok("promote", tag)
    assert [event["event"] for event in echo.json("history")] == [
        "built",
        "verified",
        "promoting",
        "pointed",
        "promoted",
    ]
    assert {event["tag"] for event in echo.json("history")} == {tag}


def test_a_slot_is_locked_down(shared_echo: Scratch, echo_tags: list[str]) -> None:
    import docker

    shared_echo.ok("promote", echo_tags[0])
    slot = shared_echo.json("status")["live"]["slot"]
    client = docker.from_env()
    found = client.containers.get(f"relctl-{shared_echo.service}-local-{slot}").attrs
    client.close()
    host = found["HostConfig"]
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges=true"]
    assert (host["Memory"], host["NanoCpus"], host["PidsLimit"]) == (256 * 1024**2, 10**9, 128)
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert found["Config"]["User"] == "65532:65532"


def test_the_candidate_is_gone_after_verification(shared_echo: Scratch, echo_tags: list[str]) -> None:
    shared_echo.ok("verify", echo_tags[0])
    assert containers({"io.relctl.service": shared_echo.service, "io.relctl.role": "candidate"}) == []
    assert echo_tags[0] in {each["tag"] for each in shared_echo.json("releases")}


def test_a_crashed_slot_comes_back_by_itself(shared_echo: Scratch, echo_tags: list[str]) -> None:
    shared_echo.ok("promote", echo_tags[0])
    address = shared_echo.json("status")["live"]["address"]
    with pytest.raises(requests.RequestException):
        requests.get(f"http://{address}/crash", timeout=5)
    deadline = time.monotonic() + 60
    while shared_echo.json("status")["live"]["health"] != "ready":
        assert time.monotonic() < deadline
    assert live(shared_echo) == echo_tags[0]


def test_published_ports_serve_where_the_bridge_is_out_of_reach(
    shared_echo: Scratch, echo_tags: list[str]
) -> None:
    blue, green = free_port(), free_port()
    with another_environment(shared_echo, "published") as echo:
        path = echo.root / "deploy" / "environments" / "published.yaml"
        path.write_text(path.read_text() + f"network: {{publish: {{blue: {blue}, green: {green}}}}}\n")
        for tag in echo_tags[:2]:
            echo.ok("promote", tag)
        assert echo.json("status")["live"]["address"] == f"127.0.0.1:{green}"
        assert live(echo) == echo_tags[1]
        echo.ok("rollback")
        assert live(echo) == echo_tags[0]


def test_down_stops_everything_and_promote_starts_it_again(
    shared_echo: Scratch, echo_tags: list[str]
) -> None:
    shared_echo.ok("promote", echo_tags[0])
    assert "nginx" in shared_echo.json("down")["stopped"]
    assert containers({"io.relctl.service": shared_echo.service}) == []
    assert shared_echo.json("down")["stopped"] == []
    shared_echo.ok("promote", echo_tags[0])
    assert live(shared_echo) == echo_tags[0]


@pytest.fixture(scope="module")
def never_ready(shared_echo: Scratch, echo_tags: list[str]) -> str:
    """A release that starts, and for which a promote waits until it is interrupted."""
    return shared_echo.build("4.0.0", ready=False)


@pytest.mark.parametrize(
    ("under", "ignored", "number"),
    [
        ((), (), signal.SIGINT),
        pytest.param((), (), signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param(("nohup",), (signal.SIGHUP,), signal.SIGTERM, marks=pytest.mark.slow),
        (("sh", "-c", 'trap "" INT; exec "$0" "$@"'), (signal.SIGINT,), signal.SIGTERM),
    ],
    ids=["ctrl-c", "terminated", "nohup", "a script's background"],
)
def test_a_promote_that_is_interrupted_undoes_what_it_did(
    shared_echo: Scratch,
    echo_tags: list[str],
    never_ready: str,
    under: tuple[str, ...],
    ignored: tuple[int, ...],
    number: int,
) -> None:
    first, second = settle(shared_echo, echo_tags)
    slot = shared_echo.json("status")["standby"]["slot"]
    command = [*under, str(RELCTL), "promote", never_ready, "--force", "--reason", "it hurries"]
    process = subprocess.Popen(
        command,
        cwd=shared_echo.root,
        env=shared_echo.environ | {"PYTHONFAULTHANDLER": "1", "RELCTL_ROLLOUT_READY_WITHIN": "5m"},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert any(f"starting {never_ready} in {slot}" in line for line in process.stderr)
    until_it_runs(shared_echo, never_ready)
    for each in (*ignored, number):
        process.send_signal(each)
    words = words_at_the_end(process, within=60)
    assert process.returncode == 128 + number, words
    assert f"interrupted by {signal.Signals(number).name}; relctl status shows the state" in words
    assert f"undone; traffic is as before: {first} is live" in words
    assert live(shared_echo) == first
    status = shared_echo.json("status")
    assert (status["standby"]["tag"], status["drift"]) == (second, [])
    assert status["events"][-1]["event"] == "aborted"


def words_at_the_end(process: "subprocess.Popen[str]", within: float) -> str:
    """What a command says until it ends; of one that does not, what it is at."""
    try:
        return process.communicate(timeout=within)[1]
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)  # with PYTHONFAULTHANDLER, each thread's stack
        return process.communicate()[1]


def until_it_runs(project: Scratch, tag: str) -> None:
    labels, deadline = {"io.relctl.service": project.service, "io.relctl.tag": tag}, time.monotonic() + 60
    while not any(container.status == "running" for container in containers(labels)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
