"""`make demo`, whole, on a copy of this project: what someone sees who types the README's first command."""

import re
import subprocess
import sys

import pytest
import requests

from scratch import ROOT, Scratch, translator_project

# Its pipeline measures latency with the limits of a real environment.
pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.alone]


def demo(project: Scratch) -> str:
    command = [sys.executable, str(ROOT / "deploy" / "demo.py"), str(project.root)]
    done = subprocess.run(command, env=project.environ, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.timeout(600)
def test_the_whole_job_from_commit_to_rollback_and_once_more_over_what_it_left() -> None:
    with translator_project() as project:
        project.commit("1.1.0")
        before = project.git("status", "--porcelain") + project.git("rev-parse", "HEAD")
        said = demo(project)
        counted = re.search(r"requests during .*: (\d+), failed: 0, answered by a stale release: 0", said)
        assert counted is not None, said
        assert int(counted[1]) > 400
        assert project.git("status", "--porcelain") + project.git("rev-parse", "HEAD") == before
        assert_left_up(project)
        assert "relctl verify" in said
        demo(project)
        assert_left_up(project)


def assert_left_up(project: Scratch) -> None:
    """The service is up on 1.0.0, 1.1.0 stands by, 1.2.0 was refused, and the models differ."""
    status = project.json("status")
    assert (status["live"]["tag"][:7], status["standby"]["tag"][:7]) == ("v1.0.0-", "v1.1.0-")
    assert status["drift"] == []
    evidence = {each["tag"][:7]: each["evidence"] for each in project.json("releases")}
    assert evidence == {"v1.0.0-": "pass", "v1.1.0-": "pass", "v1.2.0-": "fail"}
    text = {"text": "他们正在公园里踢足球。"}
    answers = {
        role: requests.post(f"http://{status[role]['address']}/translate", json=text, timeout=30).json()
        for role in ("live", "standby")
    }
    assert "park" not in answers["live"]["translation"]
    assert "park" in answers["standby"]["translation"]
    page = requests.get(status["url"], timeout=5)
    assert page.status_code == 200
    assert "<textarea" in page.text
