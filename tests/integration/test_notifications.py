"""Who is told of promotes, rollbacks and what was undone: over a real Nginx, real programs, a real server."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from client_load import Load, failed
from hosts import Bench, bench
from integration.test_rollout import begin, live
from relctl.config.environment import Hook
from relctl.errors import RolledBackError, UsageError
from relctl.rollout.host import Host
from relctl.rollout.observe import observe
from relctl.rollout.promote import promote
from relctl.rollout.rollback import rollback
from relctl.state.lock import at_work
from webhook_server import WebhookServer

ALL = ["promoted", "rolled-back", "aborted"]


@pytest.fixture
def stand() -> Iterator[Bench]:
    with bench() as made:
        yield made


@pytest.fixture
def server() -> Iterator[WebhookServer]:
    with WebhookServer() as made:
        yield made


def told(stand: Bench, *hooks: dict[str, Any]) -> Host:
    """The host of an environment with these hooks."""
    notify = [Hook.model_validate({"on": ALL} | hook) for hook in hooks]
    return stand.with_project(
        environment=stand.host.project.environment.model_copy(update={"notify": notify})
    )


def python(code: str, *arguments: object) -> dict[str, Any]:
    return {"run": [sys.executable, "-c", code, *map(str, arguments)]}


def test_each_move_is_told_once_with_what_was_live_before(stand: Bench, server: WebhookServer) -> None:
    host = told(stand, {"webhook": server.url})
    first, second = stand.proved("1.0.0"), stand.proved("2.0.0")
    promote(host, first)
    promote(host, second)
    promote(host, second)
    rollback(host, None, "wrong translations")
    with pytest.raises(RolledBackError):
        promote(host, stand.proved("3.0.0", exits=True))
    assert [(each["event"], each["tag"], each["previous"]) for each in server.bodies] == [
        ("promoted", str(first), ""),
        ("promoted", str(second), str(first)),
        ("rolled-back", str(first), str(second)),
        ("aborted", "v3.0.0-abc12de", str(first)),
    ]
    assert server.bodies[2]["reason"] == "wrong translations"
    assert "ended with exit code 1" in server.bodies[3]["reason"]
    assert server.bodies[3]["step"] == "start"
    events = {event.at: event for event in host.ledger.read().events}
    for each in server.bodies:
        assert (each["service"], each["environment"]) == ("svc", "test")
        assert events[each["at"]].by == each["by"]


@pytest.mark.parametrize(("point", "event"), [(False, "aborted"), (True, "promoted")])
def test_what_is_settled_after_an_interruption_is_told_too(
    stand: Bench, server: WebhookServer, point: bool, event: str
) -> None:
    promote(stand.host, stand.proved("1.0.0"))
    second = stand.proved("2.0.0")
    promote(stand.host, second)
    third = begin(stand, "3.0.0", start=True, point=point)
    promote(told(stand, {"webhook": server.url}), third if point else second)
    [body] = server.bodies
    assert (body["event"], body["tag"], body["previous"]) == (event, str(third), str(second))
    assert body["reason"].endswith("after an interruption")


@pytest.mark.parametrize("command", ["promote", "observe"])
def test_who_is_told_finds_the_event_in_the_ledger_and_the_locks_free(
    stand: Bench, tmp_path: Path, command: str
) -> None:
    code = (
        "import fcntl, pathlib, sys\n"
        "ledger, out, *locks = map(pathlib.Path, sys.argv[1:])\n"
        "for lock in locks: fcntl.flock(lock.open('a'), fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
        "out.write_text(ledger.read_text().splitlines()[-1])\n"
    )
    paths, out = stand.host.paths, tmp_path / "out"
    host = told(stand, python(code, paths.ledger, out, paths.lock, paths.watching))
    if command == "promote":
        promote(host, stand.proved("1.0.0"))
    else:
        promote(stand.host, stand.proved("1.0.0"))
        begin(stand, "2.0.0", start=True, point=True)
        with pytest.raises(UsageError, match="no window is open"):
            observe(host, 0.0)
    assert not any("was not notified" in words for words in stand.said)
    assert json.loads(out.read_text())["event"] == "promoted"


@pytest.mark.parametrize(
    ("hook", "words"),
    [
        (python("import sys; sys.exit(3)"), "ended with 3: it printed nothing"),
        (python("import time; time.sleep(60)") | {"timeout": "1s"}, "was not done within 1 s, and is killed"),
        (python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"), "ended with -9"),
        ({"run": ["no-such-program"]}, "no-such-program cannot be run: No such file or directory"),
        ({"webhook": "http://127.0.0.1:9/s3cret"}, "it cannot be reached: Connection refused"),
    ],
    ids=["fails", "slow", "killed", "missing", "nobody"],
)
def test_a_hook_that_fails_changes_neither_traffic_nor_ledger_nor_the_result(
    stand: Bench, hook: dict[str, Any], words: str
) -> None:
    first, second = stand.proved("1.0.0"), stand.proved("2.0.0")
    promote(stand.host, first)
    load = Load(stand.listen, "/translate", {"text": "x"}, connections=4).start()
    began = time.monotonic()
    moved = promote(told(stand, hook), second)
    assert time.monotonic() - began < 30
    assert failed(load.stop()) == []
    assert moved is not None
    assert live(stand) == "2.0.0"
    assert stand.events()[-1] == "promoted"
    assert stand.said[-1].startswith("notify[0] was not notified of promoted v2.0.0-abc12de: ")
    assert words in stand.said[-1]
    assert "s3cret" not in "".join(stand.said) + stand.host.paths.ledger.read_text()


def test_a_slow_hook_keeps_nobody_from_a_rollback(stand: Bench, tmp_path: Path) -> None:
    import threading

    promote(stand.host, stand.proved("1.0.0"))
    second = stand.proved("2.0.0")
    code = (
        "import pathlib, sys, time\n"
        "begun, go = map(pathlib.Path, sys.argv[1:])\n"
        "begun.touch()\n"
        "while not go.exists(): time.sleep(0.02)\n"
    )
    slow = told(stand, python(code, tmp_path / "begun", tmp_path / "go") | {"timeout": "60s"})
    thread = threading.Thread(target=promote, args=(slow, second))
    thread.start()
    deadline = time.monotonic() + 30
    while not (tmp_path / "begun").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert at_work(stand.host.paths.lock) == ""
    assert rollback(stand.host, None) is not None
    assert thread.is_alive()
    assert live(stand) == "1.0.0"
    (tmp_path / "go").touch()
    thread.join()
    assert "was not notified" not in "".join(stand.said)
