"""Gates ask as users do: through an Nginx made from the environment's templates, and gone afterwards."""

import json
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from relctl.proxy.processes import find
from scratch import Scratch, echo_project

pytestmark = pytest.mark.engine

LARGE = {f"X-Large-{number}": "x" * 50_000 for number in range(4)}  # more than any template has room for


@pytest.fixture(scope="module")
def project() -> Iterator[Scratch]:
    with echo_project() as scratch:
        yield scratch


@pytest.fixture(scope="module")
def good(project: Scratch) -> str:
    return project.build("1.0.0")


def verified(project: Scratch, tag: str, code: int, **environ: str) -> Any:
    done = project.run("verify", tag, "--json", **environ)
    assert done.returncode == code, done.stderr
    return {gate["name"]: gate for gate in json.loads(done.stdout)["gates"]}


def fronts(project: Scratch) -> list[Path]:
    return list(project.state.glob("*/verify"))


def test_headers_that_nginx_does_not_pass_fail_where_users_would(project: Scratch, good: str) -> None:
    tag = project.build("1.1.0", headers=LARGE)
    smoke = verified(project, tag, 3)["smoke"]
    assert "status 502" in smoke["reason"]
    assert "Nginx says: upstream sent too big header while reading response header" in smoke["reason"]
    assert fronts(project) == []


def test_a_good_release_passes_and_its_nginx_is_gone_afterwards(project: Scratch, good: str) -> None:
    gates = verified(project, good, 0)
    assert {gate["verdict"] for gate in gates.values()} == {"pass"}
    assert fronts(project) == []


@pytest.mark.slow
def test_what_the_projects_own_template_refuses_fails(project: Scratch, good: str) -> None:
    template = project.root / "nginx" / "service.conf.j2"
    before = template.read_text()
    template.write_text(before.replace("client_max_body_size", "client_max_body_size 4; #"))
    try:
        assert "status 413, not 200" in verified(project, good, 3)["smoke"]["reason"]
    finally:
        template.write_text(before)


def test_a_template_that_nginx_refuses_is_told_before_anything_starts(project: Scratch, good: str) -> None:
    template = project.root / "nginx" / "service.conf.j2"
    before = template.read_text()
    template.write_text(before.replace("keepalive_requests", "nonsense_requests"))
    try:
        words = project.refused(2, "verify", good)
    finally:
        template.write_text(before)
    assert 'unknown directive "nonsense_requests"' in words
    assert "relctl proxy check" in words
    assert "gate startup" not in words
    assert fronts(project) == []


def test_without_a_program_it_says_what_was_not_proved(project: Scratch, good: str) -> None:
    done = project.run("verify", good, "--json", RELCTL_PROXY_NGINX="/nowhere/nginx")
    assert done.returncode == 0, done.stderr
    assert "not proved: what users get through Nginx: there is no program /nowhere/nginx" in done.stderr
    evidence = json.loads(Path(json.loads(done.stdout)["evidence"]).read_text())
    assert len(evidence["not_proved"]) == 1
    verified(project, good, 0)


@pytest.mark.slow
def test_before_somebody_elses_nginx_our_part_of_it_is_proved(project: Scratch, good: str) -> None:
    system = {"RELCTL_PROXY_MODE": "system", "RELCTL_PROXY_INCLUDE": str(project.root / "echo.conf")}
    done = project.run("verify", good, **system)
    assert done.returncode == 0, done.stderr
    assert "not proved: what the rest of your own Nginx's configuration does" in done.stderr
    assert verified(project, project.build("1.2.0", headers=LARGE), 3, **system)["smoke"]["verdict"] == "fail"
    assert not (project.root / "echo.conf").exists()


@pytest.mark.slow
def test_an_idle_connection_is_held_beside_the_other_gates(project: Scratch) -> None:
    pipeline = project.root / "pipelines" / "verify.yaml"
    before = pipeline.read_text()
    pipeline.write_text(before + "  - {gate: keep-alive}\n")
    project.edit("versions.yaml", "keep_alive: 400ms", "keep_alive: 5s")
    try:
        found = verified(project, project.build("1.3.0", keep_alive=2), 3)["keep-alive"]
        measured = re.search(r"closed an idle connection ([\d.]+) s after its answer", found["reason"])
        advised = re.search(r"or set contract\.keep_alive: ([\d.]+)s$", found["reason"])
        assert measured is not None
        assert advised is not None
        # Two seconds, as a client sees them that may get no turn for a moment at either end.
        assert 1.5 <= float(advised[1]) <= float(measured[1]) < 3
        project.edit("versions.yaml", "keep_alive: 5s", "keep_alive: 1900ms")
        # A client that got none between answer and clock sees an early close, and looks once more.
        assert verified(project, project.build("1.4.0", keep_alive=2), 0)["keep-alive"]["seconds"] < 4.5
    finally:
        pipeline.write_text(before)
        project.edit("versions.yaml", r"keep_alive: \d+m?s", "keep_alive: 400ms")


@pytest.mark.slow
def test_what_a_killed_verification_left_is_ended_by_the_next(project: Scratch, good: str) -> None:
    """Killed at the moment in which its Nginx serves, so that nobody of it can tidy up."""
    done = project.run("verify", good, RELCTL_FAULT="kill:after:nginx.start#1")
    assert done.returncode == -signal.SIGKILL
    [left] = fronts(project)
    [log] = left.glob("*/*/nginx/error.log")
    deadline = time.monotonic() + 30
    while not find(log):  # its program returns before the master has workers
        assert time.monotonic() < deadline
        time.sleep(0.01)
    verified(project, good, 0)
    assert not find(log)
    assert fronts(project) == []
