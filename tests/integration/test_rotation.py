"""Rotation of the managed Nginx's logs by Debian's logrotate, with our file for it, under requests."""

import gzip
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from client_load import Load, failed
from hosts import Bench, bench
from relctl.errors import RolledBackError
from relctl.proxy.recent_traffic import recent_traffic
from relctl.rollout.promote import promote
from relctl.rollout.status import status
from scratch import ROOT
from stands import ANY_P95

LOGROTATE = shutil.which("logrotate", path="/usr/sbin:/usr/bin:/sbin")
EXAMPLE = ROOT / "deploy" / "logrotate" / "relctl"

pytestmark = pytest.mark.skipif(LOGROTATE is None, reason="there is no logrotate: make setup-dev installs it")


@pytest.fixture
def stand() -> Iterator[Bench]:
    """A host whose Nginx sends requests to 1.0.0."""
    with bench() as made:
        promote(made.host, made.proved("1.0.0"))
        wait_for_a_line(made)  # an empty log is not rotated
        yield made


def wait_for_a_line(stand: Bench) -> None:
    """Wait until Nginx has logged what the promote asked, which it does after the answer."""
    deadline = time.monotonic() + 30
    while not stand.host.paths.access_log.stat().st_size:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def installed(stand: Bench) -> Path:
    """The file for this host's logs, as deploy/systemd/install.sh writes it."""
    path = stand.folder / "logrotate.conf"
    text = EXAMPLE.read_text().replace("/srv/translator/.relctl/*/nginx", str(stand.host.paths.proxy))
    path.write_text(text if os.geteuid() == 0 else text.replace("su root root", ""))
    path.chmod(0o644)
    return path


def rotate(stand: Bench) -> None:
    """Rotate now, whatever the log's age."""
    status = stand.folder / "logrotate.status"
    command = [str(LOGROTATE), "--force", "--state", str(status), str(installed(stand))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def logged(stand: Bench) -> list[str]:
    """The ids of all requests of the load in all logs, also in those that are compressed."""
    found = []
    for path in stand.host.paths.proxy.glob("access.log*"):
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        found += [json.loads(line) for line in content.splitlines()]
    return [line["request_id"] for line in found if line["uri"] == "/translate"]


def within(seconds: float, stand: Bench, lines: int) -> list[str]:
    """Wait for the last lines: Nginx writes them after the answer."""
    deadline = time.monotonic() + seconds
    while len(found := logged(stand)) < lines and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def test_the_logs_of_a_shared_state_directory_are_rotated_too(stand: Bench) -> None:
    stand.host.paths.proxy.chmod(0o2775)
    os.chown(stand.host.paths.proxy, -1, next((each for each in os.getgroups() if each), 4242))
    rotate(stand)
    assert (stand.host.paths.proxy / "access.log.1").exists()


def test_rotations_under_requests_lose_no_line_and_no_request(stand: Bench) -> None:
    load = Load(stand.listen, "/translate", {"text": "x"}, connections=8).start()
    for _ in range(4):
        load.wait_for(200, within=20)
        rotate(stand)
    load.wait_for(200, within=20)
    samples = load.stop()
    assert failed(samples) == []
    found = within(30, stand, len(samples))
    assert len(found) == len(set(found)) == len(samples)
    names = {path.name for path in stand.host.paths.proxy.glob("access.log*")}
    assert names == {"access.log", "access.log.1", "access.log.2.gz", "access.log.3.gz", "access.log.4.gz"}


def test_after_a_rotation_every_process_writes_to_the_new_log_and_relctl_knows_its_nginx(
    stand: Bench,
) -> None:
    (stand.host.paths.proxy / "error.log").write_text("2026/11/25 14:00:00 [crit] something to rotate\n")
    before = stand.host.proxy.state()
    load = Load(stand.listen, "/translate", {"text": "x"}, connections=8).start()
    load.wait_for(100, within=20)
    rotate(stand)
    load.wait_for(300, within=20)
    samples = load.stop()
    assert (stand.host.paths.proxy / "error.log.1").exists()
    assert stand.host.proxy.state() == before
    assert stand.host.proxy.apply() == "none"
    template = stand.folder / "nginx" / "service.conf.j2"
    template.write_text(template.read_text().replace("keepalive 64;", "keepalive 32;"))
    assert stand.host.proxy.apply() == "reloaded"
    assert stand.host.proxy.down()
    assert failed(samples) == []


def test_the_traffic_of_before_a_rotation_is_still_told(stand: Bench) -> None:
    load = Load(stand.listen, "/translate", {"text": "x"}, connections=4).start()
    load.wait_for(100, within=20)
    rotate(stand)
    load.wait_for(100, within=20)
    samples = load.stop()
    within(30, stand, len(samples))
    found = recent_traffic(stand.host.paths.access_log, 300, {"/readyz", "/version"})
    assert found.pools["blue"].requests == len(samples)
    assert (found.pools["blue"].errors, found.unreadable, found.problem) == (0, 0, "")


def test_a_number_that_another_process_got_is_sent_no_signal(stand: Bench) -> None:
    stand.host.proxy.down()
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        (stand.host.paths.proxy / "nginx.pid").write_text(f"{bystander.pid}\n")
        (stand.host.paths.proxy / "access.log").write_text("{}\n")
        rotate(stand)
        time.sleep(0.2)
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()
        (stand.host.paths.proxy / "nginx.pid").unlink()


def watching(stand: Bench, damage: Callable[[Path], None]) -> object:
    """Promote 2.0.0 and watch it under requests; when relctl first says how it goes, the log is damaged."""
    policy = {"observe": 1.0, "min_requests": 20, "max_error_rate": 0.2, "max_p95_ratio": ANY_P95}
    patience = {"too_few": "wait", "wait_at_most": 60.0}  # a busy machine has fewer requests in a second
    host, left = stand.under(**policy, **patience), [damage]

    def say(words: str) -> None:
        if "s to go" in words and left:
            left.pop()(stand.host.paths.access_log)

    object.__setattr__(host, "say", say)
    load = Load(stand.listen, "/translate", {"text": "x"}, connections=4, pause=0.005).start()
    load.wait_for(100, within=20)
    try:
        return promote(host, stand.proved("2.0.0"))
    finally:
        assert failed(load.stop()) == []
        assert left == [], "it was damaged in the middle of the window"


@pytest.mark.usefixtures("small_spans")
def test_a_log_that_is_truncated_while_a_release_is_watched_is_read_on_and_said(stand: Bench) -> None:
    assert watching(stand, lambda log: os.truncate(log, 0)) is not None
    [observed] = [each for each in stand.host.ledger.read().events if each.event == "observed"]
    assert "the access log was truncated 1 times and may have lost lines" in observed.reason


@pytest.mark.usefixtures("small_spans")
def test_a_log_that_is_removed_while_a_release_is_watched_is_read_on_and_said(stand: Bench) -> None:
    assert watching(stand, Path.unlink) is not None
    [observed] = [each for each in stand.host.ledger.read().events if each.event == "observed"]
    assert "access.log is missing" in observed.reason


@pytest.mark.usefixtures("small_spans")
def test_a_log_that_cannot_be_read_any_more_accepts_nothing(stand: Bench) -> None:
    def replace(log: Path) -> None:
        log.unlink()
        log.mkdir()

    with pytest.raises(RolledBackError, match=f"{stand.host.paths.access_log}: Is a directory"):
        watching(stand, replace)
    found = status(stand.host)
    assert found.live is not None
    assert found.live.tag == "v1.0.0-abc12de"
    assert found.traffic.problem == f"{stand.host.paths.access_log}: Is a directory"
