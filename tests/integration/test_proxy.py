"""The proxy against a real Nginx: moving the pointer, refusing bad configurations, saying why."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from hosts import Bench, bench
from relctl.engine.slots import SLOTS, slot_spec
from relctl.errors import ProxyError
from relctl.probe.load import Load, failed
from relctl.rollout.host import Host
from scratch import free_port


@pytest.fixture
def stand() -> Iterator[Bench]:
    with bench() as made:
        yield made


def fill(stand: Bench) -> None:
    """Start 1.0.0 in blue and 2.0.0 in green."""
    for slot, version in zip(SLOTS, ("1.0.0", "2.0.0"), strict=True):
        stand.image(version)
        image = stand.engine.image(f"sha256:{version}")
        assert image is not None
        stand.engine.start(slot_spec(stand.host.project, slot, image))


def version(stand: Bench) -> str:
    found: str = requests.get(f"http://{stand.listen}/version", timeout=5).json()["version"]
    return found


def test_before_any_release_nginx_says_so_in_words(stand: Bench) -> None:
    assert stand.host.proxy.apply() == "started"
    answer = requests.get(f"http://{stand.listen}/version", timeout=5)
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "svc in test has no live release"
    assert answer.headers["retry-after"] == "5"


def test_moving_the_pointer_moves_the_next_request_and_reloads_nothing(stand: Bench) -> None:
    fill(stand)
    stand.host.proxy.apply()
    pid = stand.host.proxy.state().pid
    for slot, expected in (("blue", "1.0.0"), ("green", "2.0.0"), ("blue", "1.0.0")):
        assert stand.host.proxy.pointer.move(slot) < 50
        assert version(stand) == expected
    assert stand.host.proxy.apply() == "none"
    assert stand.host.proxy.state().pid == pid


def test_hundreds_of_moves_under_load_lose_no_request(stand: Bench) -> None:
    fill(stand)
    stand.host.proxy.pointer.move("blue")
    stand.host.proxy.apply()
    load = Load(stand.listen, "/translate", {"text": "x"}, connections=8).start()
    for number in range(300):
        stand.host.proxy.pointer.move(SLOTS[number % 2])
        load.wait_for(3, within=10)
    samples = load.stop()
    assert len(samples) > 900
    assert failed(samples) == []
    assert {sample.release[:6] for sample in samples} == {"v1.0.0", "v2.0.0"}


def test_a_removed_link_gives_503_and_never_a_guess(stand: Bench) -> None:
    fill(stand)
    stand.host.proxy.apply()
    stand.host.proxy.pointer.move("blue")
    stand.host.paths.pointer.unlink()
    assert requests.get(f"http://{stand.listen}/version", timeout=5).status_code == 503


def test_idempotent_requests_to_a_dead_slot_are_answered_by_its_twin(stand: Bench) -> None:
    fill(stand)
    stand.host.proxy.pointer.move("blue")
    stand.host.proxy.apply()
    stand.engine.crash("relctl-svc-test-blue")
    answer = requests.post(f"http://{stand.listen}/translate", json={"text": "x"}, timeout=5)
    assert answer.json()["release"].startswith("v2.0.0")


def test_the_access_log_tells_pool_status_and_times(stand: Bench) -> None:
    import json

    fill(stand)
    stand.host.proxy.pointer.move("green")
    stand.host.proxy.apply()
    version(stand)
    line = json.loads((stand.host.paths.proxy / "access.log").read_text().splitlines()[-1])
    assert (line["pool"], line["status"], line["uri"]) == ("green", 200, "/version")
    assert float(line["upstream_time"]) <= line["request_time"] + 0.001


def test_a_changed_template_is_reloaded_once(stand: Bench) -> None:
    fill(stand)
    stand.host.proxy.pointer.move("blue")
    stand.host.proxy.apply()
    edit(stand, "keepalive 64;", "keepalive 32;")
    assert stand.host.proxy.apply() == "reloaded"
    assert stand.host.proxy.apply() == "none"
    assert version(stand) == "1.0.0"


def test_a_template_that_nginx_refuses_leaves_the_old_configuration_and_traffic(stand: Bench) -> None:
    fill(stand)
    stand.host.proxy.pointer.move("blue")
    stand.host.proxy.apply()
    before = stand.host.proxy.config.read_text()
    edit(stand, "keepalive 64;", "keepalive sixty-four;")
    with pytest.raises(ProxyError, match='invalid value "sixty-four" in "keepalive" directive'):
        stand.host.proxy.apply()
    assert stand.host.proxy.config.read_text() == before
    assert not list(stand.host.paths.proxy.glob("*.trial"))
    assert version(stand) == "1.0.0"


def test_a_template_that_is_no_template_is_named_with_its_line(stand: Bench) -> None:
    edit(stand, "keepalive 64;", "keepalive {{ sixty }};")
    with pytest.raises(ProxyError, match="'sixty' is undefined"):
        stand.host.proxy.check()
    edit(stand, "{{ sixty }}", "{{ 64 }")
    with pytest.raises(ProxyError, match=r"service\.conf\.j2:\d+: "):
        stand.host.proxy.check()


def test_a_configuration_broken_by_hand_is_made_anew(stand: Bench) -> None:
    fill(stand)
    stand.host.proxy.pointer.move("blue")
    stand.host.proxy.apply()
    stand.host.proxy.config.write_text("broken {")
    assert not stand.host.proxy.state().current
    assert stand.host.proxy.apply() == "reloaded"
    assert version(stand) == "1.0.0"


def test_a_taken_port_is_one_clear_error(stand: Bench) -> None:
    host, port = stand.listen.split(":")
    with socket.socket() as listener:
        listener.bind((host, int(port)))
        listener.listen()
        with pytest.raises(ProxyError, match="Address already in use") as raised:
            stand.host.proxy.apply()
    assert "RELCTL_PROXY_LISTEN" in raised.value.hint


def test_a_missing_nginx_is_one_clear_error() -> None:
    with (
        bench(nginx="/nowhere/nginx") as stand,
        pytest.raises(ProxyError, match="/nowhere/nginx is not installed"),
    ):
        stand.host.proxy.check()


def test_down_stops_nginx_and_is_safe_to_repeat(stand: Bench) -> None:
    stand.host.proxy.apply()
    assert stand.host.proxy.down()
    assert not stand.host.proxy.down()
    assert stand.host.proxy.state().pid == 0


def test_a_number_that_another_process_got_is_not_taken_for_nginx(stand: Bench) -> None:
    stand.host.proxy.apply()
    stand.host.proxy.down()
    (stand.host.paths.proxy / "nginx.pid").write_text(f"{os.getpid()}\n")
    assert not stand.host.proxy.is_up()


class SystemNginx:
    """An Nginx that someone else runs, including whatever relctl writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "conf.d").mkdir()
        (folder / "logs").mkdir()
        self.config = folder / "nginx.conf"
        self.config.write_text(
            f"pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
            f"http {{ access_log off; include {folder}/conf.d/*.conf; }}\n"
        )
        self.command = [
            str(shutil.which("nginx", path="/usr/sbin:/usr/bin")),
            "-p",
            str(folder),
            "-c",
            str(self.config),
        ]

    def settings(self) -> dict[str, object]:
        return {
            "mode": "system",
            "include": str(self.folder / "conf.d" / "svc.conf"),
            "test": [*self.command, "-t"],
            "reload": [*self.command, "-s", "reload"],
            "listen": f"127.0.0.1:{free_port()}",
        }


@pytest.fixture
def system(tmp_path: Path) -> Iterator[SystemNginx]:
    made = SystemNginx(tmp_path)
    subprocess.run(made.command, check=True)
    yield made
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGQUIT)


def proved_within(host: Host, expected: str) -> bool:
    import time

    for _ in range(100):
        try:
            answer = requests.get(f"http://{host.project.environment.proxy.listen}/version", timeout=5)
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return bool(answer.json()["version"] == expected)
    return False


def test_system_mode_writes_the_include_of_someone_elses_nginx(system: SystemNginx) -> None:
    with bench(**system.settings()) as stand:
        fill(stand)
        stand.host.proxy.pointer.move("green")
        assert stand.host.proxy.apply() == "reloaded"
        assert proved_within(stand.host, "2.0.0")
        assert stand.host.proxy.apply() == "none"
        with pytest.raises(ProxyError, match="not ours to stop"):
            stand.host.proxy.down()


def test_system_mode_takes_its_include_back_when_nginx_refuses_it(system: SystemNginx) -> None:
    with bench(**system.settings()) as stand:
        system.config.write_text(system.config.read_text() + "broken by hand;\n")
        with pytest.raises(ProxyError, match="unknown directive"):
            stand.host.proxy.apply()
        assert not stand.host.proxy.config.exists()


def edit(stand: Bench, old: str, new: str) -> None:
    path = stand.folder / "nginx" / "service.conf.j2"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
