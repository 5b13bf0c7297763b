"""Fixtures that every test may use, and where tests keep their files."""

import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

import forked
import scratch
from scratch import Scratch, echo_project

scratch.runner = forked.run
# relctl syncs each file that it replaces, which on a disk is most of the time of a test. That it does so, and
# in which order, has tests of its own (tests/unit/state).
MEMORY, ENOUGH = Path("/dev/shm"), 2 * 1024**3  # bytes; a container is given 64 MB of it by default


def _fits_into_memory() -> bool:
    found = os.statvfs(MEMORY) if MEMORY.is_dir() else None
    return bool(found and found.f_bavail * found.f_frsize > ENOUGH and not found.f_flag & os.ST_NOEXEC)


if _fits_into_memory():
    os.environ.setdefault("TMPDIR", str(MEMORY))

# What tests start shall heed signals, whoever started the tests: a script's `&` has SIGINT ignored, `nohup`
# SIGHUP. A program inherits what is ignored, but not what is caught; the tests themselves go on as before.
SIGNALS = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM)
for _number in SIGNALS:
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, lambda *_: None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep what a test has logged sendable: a worker that must send half a character ends."""
    report = yield
    report.sections = [(name, text.encode(errors="replace").decode()) for name, text in report.sections]
    return report


@pytest.fixture(autouse=True)
def signals_stay() -> Iterator[None]:
    """Fail a test that leaves signals blocked or ignored: what later tests start would not heed them."""
    blocked, ignored = signal.pthread_sigmask(signal.SIG_BLOCK, ()), _ignored()
    yield
    assert signal.pthread_sigmask(signal.SIG_SETMASK, blocked) == blocked
    assert _ignored() == ignored


def _ignored() -> set[signal.Signals]:
    return {each for each in SIGNALS if signal.getsignal(each) is signal.SIG_IGN}


@pytest.fixture
def echo() -> Iterator[Scratch]:
    """A scratch project of the echo service, with nothing built yet."""
    with echo_project() as project:
        yield project


@pytest.fixture(scope="module")
def shared_echo() -> Iterator[Scratch]:
    """A scratch project of the echo service that all tests of a file share."""
    with echo_project() as project:
        yield project


@pytest.fixture(scope="module")
def echo_tags(shared_echo: Scratch) -> list[str]:
    """Three proved releases of it, the oldest first."""
    return [shared_echo.proved(version) for version in ("1.0.0", "2.0.0", "3.0.0")]
