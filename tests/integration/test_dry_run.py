"""`--dry-run` and `--wait` through the command line, on the real engine and a real Nginx."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
import requests

from integration.test_rehearsal import files
from lock_holder import holding
from scratch import RELCTL, Scratch, echo_project
from watcher import listen

pytestmark = [pytest.mark.engine, pytest.mark.slow]


class Stand:
    """Two promoted releases, a third that was proved and is pinned, and a fourth that was only built."""

    def __init__(self, project: Scratch) -> None:
        self.project = project
        self.tags = tuple(project.proved(f"{number}.0.0") for number in (1, 2, 3))
        self.unproved = project.build("4.0.0")
        project.ok("promote", self.tags[0])
        project.ok("promote", self.tags[1])
        project.ok("pin", self.tags[2])

    @property
    def lock(self) -> Path:
        return next(self.project.state.glob("*/ledger.jsonl")).with_name("lock")

    def everything(self) -> object:
        """All files of the project and of its state, all containers and images, Nginx's processes."""
        client = docker.from_env()
        try:
            named: dict[str, Any] = {"label": f"io.relctl.service={self.project.service}"}
            containers = {
                each.name: (each.id, each.attrs["State"]["StartedAt"], each.status)
                for each in client.containers.list(all=True, filters=named)
            }
            images = {each.id: sorted(each.tags) for each in client.images.list(filters=named)}
        finally:
            client.close()
        kept = {path: found for path, found in files(self.project.root).items() if "/.git/" not in path}
        state = {path: found for path, found in files(self.project.state).items() if "access.log" not in path}
        workers = subprocess.run(
            ["pgrep", "-f", f"nginx: master.*{self.project.state}"],
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        return containers, images, kept, state, workers


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    with echo_project() as project:
        yield Stand(project)


PLANS: dict[tuple[str, ...], list[str]] = {
    ("build",): ["build"],
    ("verify", "THIRD"): ["verify"],
    ("promote", "THIRD"): ["lock", "evidence", "begin", "start", "prove", "point", "prove-live", "record"],
    ("promote", "FIRST"): ["lock", "evidence", "begin", "prove", "point", "prove-live", "record"],
    ("promote", "SECOND"): ["lock", "prove-live"],
    ("promote", "FOURTH", "--force", "--reason", "ticket 17"): ["lock", "evidence", "begin", "start"],
    ("rollback",): ["lock", "begin", "prove", "point", "prove-live", "record"],
    ("pin", "FIRST"): ["lock", "pin"],
    ("pin", "THIRD"): ["lock"],
    ("unpin", "THIRD"): ["lock", "unpin"],
    ("down",): ["lock", "proxy", "remove", "remove", "network", "record"],
    ("proxy", "up"): ["lock"],
    ("proxy", "down"): ["lock", "proxy"],
}


def typed(stand: Stand, words: tuple[str, ...]) -> list[str]:
    tags = dict(zip(("FIRST", "SECOND", "THIRD", "FOURTH"), (*stand.tags, stand.unproved), strict=True))
    return [tags.get(word, word) for word in words]


@pytest.mark.parametrize("words", PLANS, ids=" ".join)
def test_a_dry_run_tells_the_steps_and_changes_nothing(stand: Stand, words: tuple[str, ...]) -> None:
    arguments = [*typed(stand, words), "--dry-run"]
    before = stand.everything()
    steps = stand.project.json(*arguments)
    text = stand.project.ok(*arguments)
    assert stand.everything() == before
    assert [step["name"] for step in steps][: len(PLANS[words])] == PLANS[words]
    assert set(steps[0]) == {"name", "does", "undo", "why_none"}
    assert text.stdout.splitlines()[-1] == "nothing was done"
    assert [line for line in text.stderr.splitlines() if "from variables" not in line] == []
    for step in steps:
        assert step["does"] in text.stdout
        assert step["undo"] in text.stdout


@pytest.mark.parametrize("verb", ["verify", "promote"])
def test_a_pipeline_that_a_variable_chose_is_said_and_the_json_stays_clean(stand: Stand, verb: str) -> None:
    words = (verb, stand.tags[1], "--dry-run", "--json")
    told = stand.project.ok(*words, RELCTL_PIPELINE="pipelines/verify.yaml")
    assert json.loads(told.stdout)
    [line] = told.stderr.splitlines()
    assert "from variables, not from local.yaml: " in line
    assert "pipeline (RELCTL_PIPELINE)" in line
    assert "RELCTL_PIPELINE" not in stand.project.ok(*words).stderr


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (2, ("promote", "v9.9.9-abc12de")),
        (3, ("promote", "FOURTH")),
        (2, ("promote", "no-tag")),
        (2, ("verify", "v9.9.9-abc12de")),
        (2, ("rollback", "FOURTH")),
        (2, ("pin", "v9.9.9-abc12de")),
        (2, ("unpin", "FIRST")),
        (2, ("build", "--platform", "linux/sparc")),
        (2, ("lock", "--base")),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else str(each),
)
def test_a_dry_run_refuses_as_the_command_does(stand: Stand, code: int, words: tuple[str, ...]) -> None:
    arguments = typed(stand, words)
    before = stand.everything()
    told = stand.project.refused(code, *arguments, "--dry-run")
    assert stand.everything() == before
    assert timeless(told) == timeless(stand.project.refused(code, *arguments))


def timeless(words: str) -> str:
    """Words without the seconds that each line of progress begins with."""
    return re.sub(r"(?m)^ *\d+\.\d s  ", "", words)


WAITING = (
    *(("promote", "SECOND"), ("rollback", "SECOND"), ("proxy", "up"), ("proxy", "down"), ("down",)),
    *(("promote", "SECOND", "--dry-run"), ("down", "--dry-run"), ("proxy", "down", "--dry-run")),
)


@pytest.mark.parametrize("words", WAITING, ids=" ".join)
def test_a_command_waits_no_longer_than_its_time(stand: Stand, words: tuple[str, ...]) -> None:
    with holding(stand.lock) as holder:
        told = stand.project.refused(4, *typed(stand, words), "--wait", "300ms")
    assert "another relctl is at work here after 0 s of waiting" in told
    assert f"(pid {holder.pid}) runs `" in told
    assert " s  waiting, 0 s of 0 s: " in told


def test_verify_waits_for_another_verification(stand: Stand) -> None:
    with holding(stand.lock.with_name("verify.lock")) as holder:
        told = stand.project.refused(4, "verify", stand.tags[2], "--wait", "300ms")
        stand.project.refused(4, "verify", stand.tags[2], "--dry-run")
    assert f"(pid {holder.pid})" in told


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM], ids=lambda each: each.name)
def test_a_command_goes_on_when_the_one_that_it_waits_for_ends(stand: Stand, end: signal.Signals) -> None:
    with holding(stand.lock) as holder:
        command = [str(RELCTL), "promote", stand.tags[1], "--wait", "60s"]
        with waiting(stand, command) as waiter:
            holder.send_signal(end)
            out, words = waiter.communicate(timeout=30)
    assert (waiter.returncode, out) == (0, f"{stand.tags[1]} is live already\n"), words


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_has_enough_of_waiting_interrupts_it_and_nothing_happened(stand: Stand, number: int) -> None:
    with holding(stand.lock):
        before = stand.everything()
        with waiting(stand, [str(RELCTL), "rollback", "--wait", "60s"]) as waiter:
            waiter.send_signal(number)
            _, words = waiter.communicate(timeout=30)
        assert stand.everything() == before
    assert waiter.returncode == 128 + number
    assert "interrupted by" in words
    assert requests.get(f"http://{stand.project.listen}/version", timeout=5).json()["tag"] == stand.tags[1]


def waiting(stand: Stand, command: list[str]) -> "subprocess.Popen[str]":
    """Start a command, and return when it has said for whom it waits."""
    waiter = subprocess.Popen(
        command,
        cwd=stand.project.root,
        env=stand.project.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    listen(waiter, "waiting, 0 s of 1 min 0 s: ")
    return waiter


def test_a_killed_promote_frees_its_lock_though_its_hook_runs_on(stand: Stand, tmp_path: Path) -> None:
    """The hook outlives a relctl that is killed with SIGKILL; it keeps nobody from the next command."""
    pid = tmp_path / "pid"
    code = (
        f"import os, pathlib, time; pathlib.Path({str(pid)!r}).write_text(str(os.getpid())); time.sleep(600)"
    )
    hook = {"on": ["rolled-back"], "run": [sys.executable, "-c", code], "timeout": "5m"}
    environ = stand.project.environ | {"RELCTL_NOTIFY": json.dumps([hook])}
    process = subprocess.Popen([str(RELCTL), "rollback"], cwd=stand.project.root, env=environ)
    try:
        deadline = time.monotonic() + 30
        while not (pid.exists() and pid.read_text()):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait()
    try:
        assert stand.project.json("status")["at_work"] == ""
        assert stand.project.json("rollback")["tag"] == stand.tags[1]
    finally:
        os.kill(int(pid.read_text()), signal.SIGKILL)
