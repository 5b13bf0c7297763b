"""The main job through the command line, on the real engine and a real Nginx, with the echo service."""

import json
import signal
import subprocess
import time

import pytest
import requests

from relctl.probe.load import Load, Settled, failed, stale
from scratch import RELCTL, Scratch

pytestmark = pytest.mark.engine


def live(project: Scratch) -> str:
    found: str = requests.get(f"http://{project.listen}/version", timeout=5).json()["tag"]
    return found


def test_from_commit_to_rollback_under_load_no_request_is_lost_or_stale(echo: Scratch) -> None:
    first, second, third = (echo.proved(f"{number}.0.0") for number in (1, 2, 3))
    echo.ok("promote", first)
    load = Load(echo.listen, "/translate", {"text": "x"}, connections=16).start()
    spans: list[Settled] = []
    since, tag = time.monotonic(), first
    for arguments, after in (
        (("promote", second), second),
        (("rollback",), first),
        (("promote", third), third),
        (("rollback", second), second),
    ):
        load.wait_for(100, within=30)
        spans.append(Settled(tag, since, time.monotonic()))
        result = echo.json(*arguments)
        since, tag = time.monotonic(), after
        assert result["tag"] == after
        assert result["switch_ms"] < 50
    load.wait_for(100, within=30)
    samples = load.stop()
    spans.append(Settled(tag, since, float("inf")))
    assert failed(samples) == []
    assert stale(samples, spans) == []
    assert {sample.release for sample in samples} == {first, second, third}


def test_status_releases_and_history_agree(echo: Scratch) -> None:
    first, second = echo.proved("1.0.0"), echo.proved("2.0.0")
    echo.ok("promote", first)
    echo.ok("promote", second)
    echo.ok("rollback", "--reason", "a rehearsal")
    status = echo.json("status")
    assert (status["live"]["tag"], status["live"]["health"]) == (first, "ready")
    assert (status["standby"]["tag"], status["standby"]["health"]) == (second, "ready")
    assert (status["pointer"], status["proxy"], status["drift"]) == ("blue", "running", [])
    listed = {
        each["tag"]: (each["runs"], each["evidence"], each["retained"]) for each in echo.json("releases")
    }
    assert listed == {first: ("live", "pass", True), second: ("standby", "pass", True)}
    last = echo.json("history")[-1]
    assert (last["event"], last["tag"], last["from"], last["reason"]) == (
        "rolled-back",
        first,
        "green",
        "a rehearsal",
    )
    for verb in ("status", "releases", "history"):
        text = echo.ok(verb).stdout
        assert first in text
        assert second in text


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


def test_a_slot_is_locked_down(echo: Scratch) -> None:
    import docker

    echo.ok("promote", echo.proved("1.0.0"))
    client = docker.from_env()
    found = client.containers.get(f"relctl-{echo.service}-local-blue").attrs
    client.close()
    host = found["HostConfig"]
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert (host["Memory"], host["NanoCpus"], host["PidsLimit"]) == (256 * 1024**2, 10**9, 128)
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert found["Config"]["User"] == "65532:65532"


def test_the_candidate_is_gone_after_verification(echo: Scratch) -> None:
    from scratch import containers

    tag = echo.proved("1.0.0")
    assert containers({"io.relctl.service": echo.service}) == []
    assert echo.json("releases")[0]["tag"] == tag


def test_a_crashed_slot_comes_back_by_itself(echo: Scratch) -> None:
    echo.ok("promote", echo.proved("1.0.0"))
    address = echo.json("status")["live"]["address"]
    with pytest.raises(requests.RequestException):
        requests.get(f"http://{address}/crash", timeout=5)
    deadline = time.monotonic() + 30
    while echo.json("status")["live"]["health"] != "ready":
        assert time.monotonic() < deadline
    assert live(echo).startswith("v1.0.0-")


def test_published_ports_serve_where_the_bridge_is_out_of_reach(echo: Scratch) -> None:
    from ports import free_port

    first, second = echo.proved("1.0.0"), echo.proved("2.0.0")
    blue, green = free_port(), free_port()
    path = echo.root / "deploy" / "environments" / "local.yaml"
    path.write_text(path.read_text() + f"network: {{publish: {{blue: {blue}, green: {green}}}}}\n")
    echo.ok("promote", first)
    echo.ok("promote", second)
    assert echo.json("status")["live"]["address"] == f"127.0.0.1:{green}"
    assert live(echo) == second
    echo.ok("rollback")
    assert live(echo) == first


def test_down_stops_everything_and_promote_starts_it_again(echo: Scratch) -> None:
    from scratch import containers

    tag = echo.proved("1.0.0")
    echo.ok("promote", tag)
    assert "nginx" in echo.json("down")["stopped"]
    assert containers({"io.relctl.service": echo.service}) == []
    assert echo.json("down")["stopped"] == []
    echo.ok("promote", tag)
    assert live(echo) == tag


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_promote_that_is_interrupted_undoes_what_it_did(echo: Scratch, number: int) -> None:
    first = echo.proved("1.0.0")
    echo.ok("promote", first)
    slow = echo.build("2.0.0", ready=False)
    forge_evidence(echo, slow)
    process = subprocess.Popen(
        [str(RELCTL), "promote", slow], cwd=echo.root, env=echo.environ, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    assert f"starting {slow} in green" in process.stderr.readline()
    time.sleep(1)
    process.send_signal(number)
    _, words = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert f"interrupted by {signal.Signals(number).name}; relctl status says how it stands" in words
    assert f"undone; traffic is as before: {first} is live" in words
    assert live(echo) == first
    status = echo.json("status")
    assert (status["standby"], status["drift"]) == (None, [])
    assert status["events"][-1]["event"] == "aborted"


def forge_evidence(project: Scratch, tag: str) -> None:
    """Turn the failing evidence of a release into a passing one, as someone with a plan might."""
    project.run("verify", tag)
    image = next(each["image_id"] for each in project.json("releases") if each["tag"] == tag)
    [path] = (project.state / "evidence").glob(f"{image.removeprefix('sha256:')}-*.json")
    evidence = json.loads(path.read_text())
    for each in (evidence, *evidence["gates"]):
        each["verdict"] = "pass"
    path.write_text(json.dumps(evidence))
