"""A slot is not emptied while requests run in it, and an idle one is emptied at once."""

import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import IncompleteRead

import pytest

from scratch import Scratch, echo_project

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
    """A request for lines, which come two a second; `whole` once all of them have come."""

    def __init__(self, project: Scratch, lines: int) -> None:
        self.url, self.wanted, self.lines = f"http://{project.listen}/lines/{lines}", lines, list[str]()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()
        deadline = time.monotonic() + 10
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
        self._thread.join(30)
        return len(self.lines) == self.wanted


def test_a_stream_of_the_release_before_last_is_finished(project: Scratch, tags: list[str]) -> None:
    project.ok("promote", tags[0], *FORCED)
    stream = Stream(project, lines=14)
    project.ok("promote", tags[1], *FORCED)
    said = project.ok("promote", tags[2], *FORCED).stderr  # needs the slot in which the stream runs
    assert stream.is_whole(), stream.lines
    assert {line.split()[0] for line in stream.lines} == {tags[0]}
    assert "a request still runs at" in said


@pytest.mark.slow
def test_what_runs_longer_than_may_be_waited_for_is_cut(project: Scratch, tags: list[str]) -> None:
    project.ok("promote", tags[0], *FORCED)
    stream = Stream(project, lines=40)
    project.ok("promote", tags[1], *FORCED)
    said = project.ok("promote", tags[2], *FORCED, RELCTL_ROLLOUT_DRAIN="2s").stderr
    assert not stream.is_whole()
    assert re.search(r"a request in (blue|green) ran longer than rollout.drain \(2 s\) and is cut off", said)
