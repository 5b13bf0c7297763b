"""What brings a host back after a reboot: restart policies, the pointer, and the unit that starts Nginx."""

import configparser
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
import requests

from relctl.config.project import load as load_project
from relctl.engine.docker import connect
from relctl.engine.slots import trial_spec
from relctl.proxy.processes import find
from scratch import RELCTL, ROOT, Scratch

pytestmark = [
    pytest.mark.slow,
    pytest.mark.engine,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can kill what runs in a container"),
]


class Unit:
    """The unit that `deploy/systemd/install.sh` wrote, as far as it can be followed without systemd."""

    def __init__(self, path: Path) -> None:
        self.path = path
        parser = configparser.RawConfigParser(strict=False)
        parser.optionxform = str  # type: ignore[method-assign,assignment]
        parser.read(path)
        self.service = dict(parser["Service"])
        root = Path(str(path).removesuffix(f"/etc/systemd/system/{path.name}"))
        self.variables = root / self.service["EnvironmentFile"].removeprefix("/")
        self.environ = read_as_systemd_does(self.variables)

    def start(self) -> "subprocess.CompletedProcess[str]":
        """Run what it starts, with no more rights than it grants and no variable of this shell."""
        granted = [
            name.removeprefix("CAP_").lower() for name in self.service["CapabilityBoundingSet"].split()
        ]
        rights = ["--bounding-set", ",".join(["-all", *(f"+{name}" for name in granted)])]
        command = ["setpriv", "--no-new-privs", *rights, "--", *self.service["ExecStart"].split()]
        folder, environ = self.service["WorkingDirectory"], {"PATH": "/usr/sbin:/usr/bin"} | self.environ
        return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=60)


@pytest.fixture
def unit(echo: Scratch, tmp_path: Path) -> Unit:
    """The unit of a scratch project, installed below a folder of its own."""
    for name in ("systemd", "logrotate"):
        shutil.copytree(ROOT / "deploy" / name, echo.root / "deploy" / name)
    (echo.root / ".venv").symlink_to(RELCTL.parent.parent)
    installed = install(echo, "local", tmp_path)
    assert installed.returncode == 0, installed.stderr
    return Unit(tmp_path / "etc/systemd/system/relctl-nginx@local.service")


def read_as_systemd_does(path: Path) -> dict[str, str]:
    """Read a file of variables with a shell, whose double quotes are those of systemd."""
    shell = ["env", "-i", "sh", "-c", f'set -a; . "{path}"; unset PWD; exec env -0']
    done = subprocess.run(shell, capture_output=True, text=True, check=True)
    return dict(each.split("=", 1) for each in done.stdout.split("\0") if each)


def install(project: Scratch, environment: str, destdir: Path) -> "subprocess.CompletedProcess[str]":
    command = ["deploy/systemd/install.sh", environment]
    environ = project.environ | {"DESTDIR": str(destdir)}
    return subprocess.run(command, cwd=project.root, env=environ, capture_output=True, text=True, timeout=60)


@pytest.fixture
def client() -> Iterator[Any]:
    found = docker.from_env()
    yield found
    found.close()


def test_after_a_reboot_the_same_release_answers_through_the_same_pointer(
    echo: Scratch, unit: Unit, client: Any
) -> None:
    first, second = echo.proved("1.0.0"), echo.proved("2.0.0")
    echo.ok("promote", first)
    echo.ok("promote", second)
    before = echo.json("status")
    lose_power(echo, client)
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://{echo.listen}/version", timeout=5)
    started = unit.start()
    assert started.returncode == 0, started.stderr
    assert ": started;" in started.stdout
    assert int(Path(unit.service["PIDFile"]).read_text()) == echo.json("proxy", "check")["pid"]
    after = settled(echo)
    for slot in ("live", "standby"):  # here the engine, which was not killed, has started them again
        assert after[slot].pop("restarts") == before[slot].pop("restarts") + 1
    for member in ("pointer", "live", "standby", "drift"):
        assert after[member] == before[member]
    answer = requests.post(f"http://{echo.listen}/translate", json={"text": "x"}, timeout=5)
    assert answer.json()["release"] == second
    assert echo.json("rollback")["tag"] == first


def lose_power(project: Scratch, client: Any) -> None:
    """Kill everything that a reboot ends, at once and without a word; files stay."""
    proxy = project.state / f"{project.service}-local" / "nginx"
    slots = [client.containers.get(f"relctl-{project.service}-local-{slot}") for slot in ("blue", "green")]
    doomed = [int((proxy / "nginx.pid").read_text()), *(each.pid for each in find(proxy / "error.log"))]
    doomed += [slot.attrs["State"]["Pid"] for slot in slots]
    for pid in doomed:
        os.kill(pid, signal.SIGKILL)


def settled(project: Scratch) -> Any:
    """Wait until both slots are ready again; the engine starts them by itself."""
    deadline = time.monotonic() + 60
    while True:
        found = project.json("status")
        if found["live"]["health"] == "ready" and found["standby"] and found["standby"]["health"] == "ready":
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.2)


def test_a_trial_that_ends_stays_ended(echo: Scratch, client: Any) -> None:
    tag = echo.build("1.0.0")
    project = load_project(echo.root, "local", echo.environ)
    engine = connect(project.environment)
    image = engine.image(f"{project.versions.image}:{tag}")
    assert image is not None
    for role in ("candidate", "reference", "twin"):
        started = engine.start(trial_spec(project, image, role))
        found = client.containers.get(started.name)
        assert found.attrs["HostConfig"]["RestartPolicy"]["Name"] in ("", "no")
        os.kill(found.attrs["State"]["Pid"], signal.SIGKILL)
        found.wait(timeout=30)
        found.reload()
        assert (found.status, found.attrs["RestartCount"]) == ("exited", 0)


def test_the_unit_starts_nothing_twice_and_survives_a_killed_master(echo: Scratch, unit: Unit) -> None:
    assert ": started;" in unit.start().stdout
    assert ": unchanged;" in unit.start().stdout
    os.kill(echo.json("proxy", "check")["pid"], signal.SIGKILL)
    assert ": restarted;" in unit.start().stdout  # for which it must see, and signal, workers of another user
    assert echo.json("proxy", "check")["running"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here")
def test_systemd_finds_nothing_to_say_about_the_unit(unit: Unit) -> None:
    command = ["systemd-analyze", "verify", "--man=no", str(unit.path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_what_is_installed_names_this_clone_and_no_other(echo: Scratch, unit: Unit, tmp_path: Path) -> None:
    logs = tmp_path / "etc" / "logrotate.d" / "relctl-local"
    for path in (unit.path, logs):
        assert "/srv/translator" not in path.read_text()
        assert "%i" not in path.read_text()
    folder = echo.state / f"{echo.service}-local" / "nginx"
    assert unit.service["PIDFile"] == f"{folder}/nginx.pid"
    assert unit.service["ExecStart"] == f"{echo.root}/.venv/bin/relctl --env local proxy up"
    assert f"\n{folder}/access.log {folder}/error.log {{\n" in logs.read_text()
    ours = {name: value for name, value in echo.environ.items() if name.startswith("RELCTL_")}
    assert unit.environ == ours
    assert "Environment=" not in unit.path.read_text()
    again = install(echo, "local", tmp_path)
    assert (again.returncode, again.stderr) == (0, "")


def test_another_project_s_unit_is_not_overwritten(echo: Scratch, unit: Unit, tmp_path: Path) -> None:
    unit.path.write_text(unit.path.read_text().replace(str(echo.root), "/srv/other"))
    done = install(echo, "local", tmp_path)
    assert done.returncode == 2
    assert f"install: error: {unit.path} is another project's" in done.stderr
    assert "next: " in done.stderr


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ("", "which environment?"),
        ("a b", "which environment?"),
        ("nope", "there is no environment 'nope'"),
        ("hosts", "the Nginx of hosts is not relctl's own"),
    ],
)
def test_what_cannot_be_installed_is_one_clear_error(
    echo: Scratch, unit: Unit, tmp_path: Path, environment: str, words: str
) -> None:
    settings = {"proxy": {"mode": "system", "include": "/etc/nginx/conf.d/relctl.conf"}}
    (echo.root / "deploy" / "environments" / "hosts.yaml").write_text(json.dumps(settings))
    done = install(echo, environment, tmp_path / "other")
    assert done.returncode == 2
    assert done.stderr.count("install: error:") == 1
    assert words in done.stderr
    assert not (tmp_path / "other").exists()
