"""A slot is not emptied while requests run in it, and an idle one is emptied at once."""

import re
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import IncompleteRead
from typing import Any

import pytest

from scratch import RELCTL, Scratch, echo_project
from watcher import ended, listen

pytestmark = pytest.mark.engine
FORCED = ("--force", "--reason", "only its requests matter")


@pytest.fixture(scope="module")
def tags(project: Scratch) -> list[str]:
    return [project.build(version) for version in ("1.0.0", "2.0.0", "3.0.0")]


@pytest.fixture(scope="module")
def project() -> Iterator[Scratch]:
    with echo_project() as made:
        yield made


class Stream:
    """A request for lines, which come two a second for ten minutes, or until its release is told to end."""

    def __init__(self, project: Scratch) -> None:
        self.url, self.lines = f"http://{project.listen}/lines/1200", list[str]()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()
        deadline = time.monotonic() + 30
        while not self.lines:
            assert time.monotonic() < deadline, "no line has come"
            time.sleep(0.01)

    def _read(self) -> None:
        try:
            with urllib.request.urlopen(self.url, timeout=30) as answer:
                self.lines += (line.decode() for line in answer)
        except (OSError, IncompleteRead):
            return

    def is_whole(self) -> bool:
        """Whether every line has come, once it has ended."""
        self._thread.join(30)
        said = [line.split()[1] for line in self.lines]
        return said == [*map(str, range(len(said) - 1)), "enough"]


def test_a_stream_of_the_release_before_last_is_finished(project: Scratch, tags: list[str]) -> None:
    project.ok("promote", tags[0], *FORCED)
    stream = Stream(project)
    project.ok("promote", tags[1], *FORCED)
    address = project.json("status")["standby"]["address"]
    command = [str(RELCTL), "promote", tags[2], *FORCED]  # needs the slot in which the stream runs
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=project.root, env=project.environ, **pipes) as third:
        listen(third, "a request still runs at")
        urllib.request.urlopen(f"http://{address}/enough", timeout=30).close()
        code, words = ended(third)
    assert code == 0, words
    assert stream.is_whole(), stream.lines
    assert {line.split()[0] for line in stream.lines} == {tags[0]}


@pytest.mark.slow
def test_what_runs_longer_than_may_be_waited_for_is_cut(project: Scratch, tags: list[str]) -> None:
    project.ok("promote", tags[0], *FORCED)
    stream = Stream(project)
    project.ok("promote", tags[1], *FORCED)
    said = project.ok("promote", tags[2], *FORCED, RELCTL_ROLLOUT_DRAIN="2s").stderr
    assert not stream.is_whole()
    assert re.search(r"a request in (blue|green) ran longer than rollout.drain \(2 s\) and is cut off", said)
