"""The proxy against a real Nginx: moving the pointer, refusing bad configurations, saying why."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from client_load import Load, failed
from hosts import Bench, bench, real_proxy
from ports import free_port
from relctl.engine.slots import SLOTS, slot_spec
from relctl.errors import ProxyError
from relctl.proxy.nginx import ManagedNginx, last_errors
from relctl.rollout.host import Host
from relctl.state import fault_points


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
    milliseconds = []
    for slot, expected in (("blue", "1.0.0"), ("green", "2.0.0"), ("blue", "1.0.0")):
        milliseconds.append(stand.host.proxy.pointer.move(slot))
        assert version(stand) == expected
    assert min(milliseconds) < 50  # the machine may stall in one of them
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


def logged(stand: Bench, uri: str) -> Any:
    """The access log's line about this path; Nginx writes it after the answer, so it may take a moment."""
    log = stand.host.paths.proxy / "access.log"
    deadline = time.monotonic() + 30
    while not (lines := [line for line in log.read_text().splitlines() if f'"uri":"{uri}"' in line]):
        assert time.monotonic() < deadline, "Nginx has not logged what it answered"
        time.sleep(0.01)
    return json.loads(lines[-1])


def test_the_access_log_tells_pool_status_and_times(stand: Bench) -> None:
    fill(stand)
    stand.host.proxy.pointer.move("green")
    stand.host.proxy.apply()
    version(stand)
    line = logged(stand, "/version")
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
        real_proxy(stand.host).check()
    edit(stand, "{{ sixty }}", "{{ 64 }")
    with pytest.raises(ProxyError, match=r"service\.conf\.j2:\d+: "):
        real_proxy(stand.host).check()


def test_a_configuration_broken_by_hand_is_made_anew(stand: Bench) -> None:
    fill(stand)
    stand.host.proxy.pointer.move("blue")
    stand.host.proxy.apply()
    stand.host.proxy.config.write_text("broken {")
    assert not stand.host.proxy.state().current
    assert stand.host.proxy.apply() == "reloaded"
    assert version(stand) == "1.0.0"


def test_large_bodies_pass_whatever_the_umask_was() -> None:
    before = os.umask(0o077)
    try:
        with bench() as stand:
            fill(stand)
            stand.host.proxy.pointer.move("blue")
            stand.host.proxy.apply()
            text = {"text": "x" * 1_000_000}
            answer = requests.post(f"http://{stand.listen}/translate", json=text, timeout=10)
            assert answer.status_code == 200
    finally:
        os.umask(before)


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
        real_proxy(stand.host).check()


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


class Killed(BaseException):
    """Stands for SIGKILL: nothing that runs afterwards may be relied on."""


def serve_blue(stand: Bench) -> None:
    """Start both slots and Nginx, with blue live."""
    fill(stand)
    stand.host.proxy.pointer.move("blue")
    stand.host.proxy.apply()


def kill_master(stand: Bench) -> None:
    pid = stand.host.proxy.state().pid
    os.kill(pid, signal.SIGKILL)
    while stand.host.proxy.state().pid:
        time.sleep(0.01)


def at(stand: Bench, **proxy: Any) -> Host:
    """The same host with another `proxy:` section."""
    environment = stand.host.project.environment
    changed = environment.proxy.model_copy(update=proxy)
    return stand.with_project(environment=environment.model_copy(update={"proxy": changed}))


@contextlib.contextmanager
def taken_port() -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", free_port()))  # Nginx gets it afterwards, so nobody else may
        listener.listen()
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def test_a_reload_to_a_taken_port_is_one_clear_error_and_the_old_port_serves(stand: Bench) -> None:
    serve_blue(stand)
    before, pid = stand.host.proxy.config.read_text(), stand.host.proxy.state().pid
    with taken_port() as taken:
        moved = at(stand, listen=(taken,)).proxy
        with pytest.raises(ProxyError, match=r"old configuration: .*Address already in use") as raised:
            moved.apply()
        assert "RELCTL_PROXY_LISTEN" in raised.value.hint
        assert stand.host.proxy.config.read_text() == before
        assert version(stand) == "1.0.0"
    assert moved.apply() == "reloaded"
    assert requests.get(f"http://{taken}/version", timeout=5).json()["version"] == "1.0.0"
    assert stand.host.proxy.state().pid == pid


@pytest.mark.skipif(os.geteuid() != 0, reason="only a master started by root chooses its workers")
def test_workers_of_root_serve_nobody_else_and_going_back_does_not_wait_for_that(stand: Bench) -> None:
    stand.folder.chmod(0o700)
    serve_blue(stand)
    assert "\nuser root;" in stand.host.proxy.config.read_text()
    before, port = stand.host.proxy.config.read_text(), free_port()
    opened = at(stand, listen=(f"127.0.0.1:{free_port()}", f"0.0.0.0:{port}"))
    for ask in (opened.proxy.apply, real_proxy(opened).check, opened.proxy.due):
        with pytest.raises(ProxyError, match="workers would be root") as refused:
            ask()
    assert stand.host.proxy.config.read_text() == before
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://127.0.0.1:{port}/version", timeout=5)
    assert version(stand) == "1.0.0"
    assert opened.proxy.state().problem == refused.value.message  # status says so, and what runs goes on
    assert opened.proxy.is_up()
    subprocess.run(["sh", "-c", refused.value.hint.partition(" lets ")[0]], check=True)
    assert opened.proxy.due() == "reloaded"
    assert at(stand, mode="system", include=stand.folder / "x.conf").proxy.state().problem == ""


def test_a_reload_returns_when_only_new_workers_take_connections(stand: Bench) -> None:
    serve_blue(stand)
    nginx = ManagedNginx(stand.host.paths.proxy, "nginx")
    before = nginx.workers()
    edit(stand, "keepalive 64;", "keepalive 32;")
    stand.host.proxy.apply()
    # Of equal ones `&` may keep the one of before, so it would not tell who leaves now.
    assert not [worker for worker in nginx.workers() if worker in before and not worker.leaving]
    assert nginx.serves()


def test_a_rotated_error_log_does_not_confuse_a_reload(stand: Bench) -> None:
    serve_blue(stand)
    log = stand.host.paths.proxy / "error.log"
    log.rename(log.with_name("error.log.1"))
    edit(stand, "keepalive 64;", "keepalive 32;")
    assert stand.host.proxy.apply() == "reloaded"
    log.unlink()
    assert stand.host.proxy.is_up()


def test_workers_whose_master_was_killed_serve_until_it_is_renewed(stand: Bench) -> None:
    serve_blue(stand)
    kill_master(stand)
    assert stand.host.proxy.is_up()
    assert version(stand) == "1.0.0"
    stand.host.proxy.pointer.move("green")
    assert version(stand) == "2.0.0"
    assert stand.host.proxy.apply() == "none"
    assert stand.host.proxy.renew_master() == "restarted"
    assert stand.host.proxy.state().pid
    assert version(stand) == "2.0.0"
    assert stand.host.proxy.renew_master() is None


def test_a_killed_master_s_workers_end_with_down(stand: Bench) -> None:
    serve_blue(stand)
    kill_master(stand)
    assert stand.host.proxy.down()
    assert not stand.host.proxy.is_up()
    assert not ManagedNginx(stand.host.paths.proxy, "nginx").workers()


def test_a_killed_master_is_not_renewed_with_a_configuration_that_nginx_refuses(stand: Bench) -> None:
    serve_blue(stand)
    kill_master(stand)
    stand.host.proxy.config.write_text("broken {")
    with pytest.raises(ProxyError, match="unknown directive"):
        stand.host.proxy.renew_master()
    assert version(stand) == "1.0.0"


def test_a_killed_master_s_traffic_survives_a_new_port_that_is_taken(stand: Bench) -> None:
    serve_blue(stand)
    kill_master(stand)
    with taken_port() as taken, pytest.raises(ProxyError, match="Address already in use"):
        at(stand, listen=(taken,)).proxy.apply()
    assert version(stand) == "1.0.0"
    assert stand.host.proxy.apply() == "none"


def test_killed_before_the_reload_the_next_apply_reloads(
    stand: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_blue(stand)
    edit(stand, "$status", "9$status")
    with monkeypatch.context() as patch:
        patch.setattr(ManagedNginx, "reload", killed)
        with pytest.raises(Killed):
            stand.host.proxy.apply()
    assert not stand.host.proxy.state().current
    assert stand.host.proxy.apply() == "reloaded"
    assert stand.host.proxy.state().current
    assert stand.host.proxy.apply() == "none"


def killed(*_: object) -> None:
    raise Killed


def test_check_moves_no_pointer_and_leaves_no_file(stand: Bench) -> None:
    real_proxy(stand.host).check()
    assert not stand.host.paths.pointer.is_symlink()
    assert not list(stand.host.paths.proxy.glob("*.trial"))
    assert not stand.host.proxy.config.exists()


def test_checks_beside_applies_do_not_disturb_each_other(stand: Bench) -> None:
    serve_blue(stand)

    def once(number: int) -> None:
        real_proxy(stand.host).check()

    with ThreadPoolExecutor(8) as pool:
        checks = pool.map(once, range(24))
        for size in ("63", "62", "61"):
            edit(stand, "keepalive 6", f"keepalive {size}; # 6")
            assert stand.host.proxy.apply() == "reloaded"
        list(checks)


def test_a_state_directory_of_any_usual_name_serves(stand: Bench) -> None:
    fill(stand)
    environment = stand.host.project.environment
    folder = stand.folder / "my state; x {é} 'y' # z"
    proxy = stand.with_project(environment=environment.model_copy(update={"state_dir": folder})).proxy
    try:
        proxy.pointer.move("blue")
        assert proxy.apply() == "started"
        assert version(stand) == "1.0.0"
        edit(stand, "keepalive 64;", "keepalive 32;")
        assert proxy.apply() == "reloaded"
        assert (folder / "svc-test" / "nginx" / "access.log").stat().st_size
    finally:
        assert proxy.down()


def test_a_project_without_templates_uses_those_of_relctl(stand: Bench) -> None:
    shutil.rmtree(stand.folder / "nginx")
    serve_blue(stand)
    assert version(stand) == "1.0.0"


def test_the_state_tells_a_broken_template_instead_of_failing(stand: Bench) -> None:
    serve_blue(stand)
    assert stand.host.proxy.state().problem == ""
    edit(stand, "keepalive 64;", "keepalive {{ 1 / 0 }};")
    state = stand.host.proxy.state()
    assert (state.running, state.current) == (True, False)
    assert "division by zero" in state.problem


def blue_port(stand: Bench) -> int:
    publish = stand.host.project.environment.network.publish
    assert publish is not None
    return publish.blue


@contextlib.contextmanager
def crowded_blue(stand: Bench) -> Iterator[socket.socket]:
    """Put a service in blue's place whose queue of connections has room for one, and fill it."""
    stand.engine.remove("relctl-svc-test-blue")
    with socket.socket() as listener, socket.socket() as filler:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", blue_port(stand)))
        listener.listen(0)
        filler.connect(listener.getsockname())
        yield listener


def translated(stand: Bench, **options: Any) -> requests.Response:
    return requests.post(f"http://{stand.listen}/translate", json={"text": "x"}, timeout=20, **options)


def assert_problem(answer: requests.Response, status: int, error: str) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) == {"title", "status", "detail", "error"}
    assert (answer.json()["status"], answer.json()["error"]) == (status, error)


ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n{"release":"blue"}'


def serve_late(listener: socket.socket) -> None:
    """Make room as soon as the queue has had none for Nginx, which tries again after a second."""
    deadline = time.monotonic() + 30
    while not is_being_connected(listener.getsockname()[1]):
        assert time.monotonic() < deadline, "nobody came"
        time.sleep(0.01)
    filler, _address = listener.accept()
    connection, _address = listener.accept()
    with filler, connection:
        connection.recv(65536)
        connection.sendall(ANSWER)


def is_being_connected(port: int) -> bool:
    """Whether somebody of this machine waits for a connection to a port, and does not have it yet."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    return any(row[2].endswith(f":{port:04X}") and row[3] == "02" for row in rows)  # SYN_SENT


def test_a_moment_s_crowd_is_not_sent_to_the_standby(stand: Bench) -> None:
    serve_blue(stand)
    with crowded_blue(stand) as listener:
        late = threading.Thread(target=serve_late, args=[listener])
        late.start()
        assert translated(stand).json()["release"] == "blue"
        late.join()


def test_an_address_that_is_silent_is_passed_on_within_three_seconds(stand: Bench) -> None:
    serve_blue(stand)
    with crowded_blue(stand):
        # The machine may stall for the second that is left: of three, one shows what Nginx does.
        assert any(passed_on(stand).total_seconds() < 3 for _ in range(3))


def passed_on(stand: Bench) -> timedelta:
    """Ask, and insist that the standby answers; returns after how long."""
    answer = translated(stand)
    assert answer.json()["release"].startswith("v2.0.0")
    return answer.elapsed


def test_a_request_that_is_read_too_long_is_504_and_never_passed_on(stand: Bench) -> None:
    serve_blue(stand)
    at(stand, read_timeout=1.5).proxy.apply()
    stand.engine.remove("relctl-svc-test-blue")
    with socket.create_server(("127.0.0.1", blue_port(stand))):  # takes connections, answers nothing
        answer = translated(stand)
    assert_problem(answer, 504, "timeout")
    assert logged(stand, "/translate")["upstream"] == f"127.0.0.1:{blue_port(stand)}"


def test_nginx_says_in_words_that_a_body_is_too_large_or_that_nothing_answers(stand: Bench) -> None:
    serve_blue(stand)
    large = requests.post(f"http://{stand.listen}/translate", data=b"x" * (33 << 20), timeout=20)
    assert_problem(large, 413, "request too large")
    stand.engine.close()
    assert_problem(translated(stand), 502, "no answer")


class Own(BaseHTTPRequestHandler):
    """A service that answers 502 in its own words, and says which host it was asked for."""

    def do_GET(self) -> None:
        self.send_response(502)
        self.end_headers()
        self.wfile.write(f"my own words to {self.headers['Host']}".encode())

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class names it
        """Say nothing."""


def test_the_service_s_own_502_passes_unchanged_and_it_sees_the_client_s_host(stand: Bench) -> None:
    serve_blue(stand)
    stand.engine.remove("relctl-svc-test-blue")
    with ThreadingHTTPServer(("127.0.0.1", blue_port(stand)), Own) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        answer = requests.get(f"http://{stand.listen}/", timeout=5)
        server.shutdown()
    assert (answer.status_code, answer.text) == (502, f"my own words to {stand.listen}")


def test_a_usual_body_stays_off_the_disk(stand: Bench) -> None:
    serve_blue(stand)
    (stand.host.paths.proxy / "tmp" / "body").chmod(0o500)
    url = f"http://{stand.listen}/translate"
    assert requests.post(url, data=b"x" * 120_000, timeout=5).status_code == 200
    if os.stat(stand.host.paths.proxy / "tmp" / "body").st_uid != 0:  # noqa: PTH116
        assert requests.post(url, data=b"x" * 200_000, timeout=5).status_code == 500


def test_why_the_standby_stands_in_is_in_the_error_log(stand: Bench) -> None:
    serve_blue(stand)
    stand.engine.crash("relctl-svc-test-blue")
    for _ in range(2):
        assert translated(stand).status_code == 200
    for line in last_errors(stand.host.paths, 2):
        assert "connect() failed (111: Connection refused) while connecting to upstream" in line


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

    def start(self) -> None:
        """Start it; its program returns before the master has written its number."""
        subprocess.run(self.command, check=True)
        file, deadline = self.folder / "pid", time.monotonic() + 30
        while not (file.exists() and file.read_text().strip()):
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def end(self) -> None:
        """Let it end; it removes the file of its number last."""
        file, deadline = self.folder / "pid", time.monotonic() + 30
        os.kill(int(file.read_text()), signal.SIGQUIT)
        while file.exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.fixture
def system(tmp_path: Path) -> Iterator[Bench]:
    """A bench behind an Nginx of someone else, which ends before the bench's folder goes: it writes there."""
    nginx = SystemNginx(tmp_path)
    nginx.start()
    with bench(**nginx.settings()) as made:
        yield made
        nginx.end()


def proved_within(host: Host, expected: str) -> bool:
    """Whether this version answers; a reload of somebody else's Nginx opens the port only after a moment."""
    for _ in range(600):
        try:
            answer = requests.get(f"http://{host.project.environment.proxy.address}/version", timeout=5)
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return bool(answer.json()["version"] == expected)
    return False


def test_system_mode_writes_the_include_of_someone_elses_nginx(system: Bench) -> None:
    fill(system)
    system.host.proxy.pointer.move("green")
    assert system.host.proxy.apply() == "reloaded"
    assert proved_within(system.host, "2.0.0")
    assert system.host.proxy.apply() == "none"
    with pytest.raises(ProxyError, match="not ours to stop"):
        system.host.proxy.down()


def test_system_mode_takes_its_include_back_when_nginx_refuses_it(system: Bench, tmp_path: Path) -> None:
    with (tmp_path / "nginx.conf").open("a") as config:
        config.write("broken by hand;\n")
    with pytest.raises(ProxyError, match="unknown directive"):
        system.host.proxy.apply()
    assert not system.host.proxy.config.exists()


def test_system_mode_tries_again_when_the_reload_failed(system: Bench) -> None:
    fill(system)
    system.host.proxy.pointer.move("green")
    with pytest.raises(ProxyError, match="Nginx does not reload"):
        at(system, reload=("false",)).proxy.apply()
    assert not system.host.proxy.config.exists()
    assert not system.host.proxy.state().current
    assert system.host.proxy.apply() == "reloaded"
    assert proved_within(system.host, "2.0.0")


def test_system_mode_killed_before_the_reload_tries_again(system: Bench) -> None:
    apply_killed("before:nginx.reload", system)
    assert not system.host.proxy.state().current
    assert system.host.proxy.apply() == "reloaded"
    assert system.host.proxy.apply() == "none"


def test_system_mode_killed_before_the_test_still_knows_what_was_good(system: Bench) -> None:
    system.host.proxy.apply()
    good = system.host.proxy.config.read_text()
    edit(system, "keepalive 64;", "keepalive many;")
    apply_killed("before:nginx.test", system)
    assert system.host.proxy.config.read_text() != good
    with pytest.raises(ProxyError, match='invalid value "many"'):
        system.host.proxy.apply()
    assert system.host.proxy.config.read_text() == good


def apply_killed(point: str, stand: Bench) -> None:
    """Let a child process apply, and have it killed at a point."""
    child = os.fork()
    if not child:
        fault_points.arm(f"kill:{point}#1")
        stand.host.proxy.apply()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL


def test_a_check_in_system_mode_tells_that_the_templates_say_something_else(system: Bench) -> None:
    system.host.proxy.apply()
    assert real_proxy(system.host).check().current
    edit(system, "keepalive 64;", "keepalive 32;")
    assert not real_proxy(system.host).check().current


def edit(stand: Bench, old: str, new: str) -> None:
    """Change the template at once: a check beside it must not read half of it."""
    path = stand.folder / "nginx" / "service.conf.j2"
    text, whole = path.read_text(), path.with_name("service.conf.j2.new")
    assert old in text
    whole.write_text(text.replace(old, new))
    whole.replace(path)
