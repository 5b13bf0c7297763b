"""Building on the real engine: what is in an image, what a second build does, what a killed one leaves."""

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from integration.locked_project import build_with, use_cache
from relctl.build import requirements
from relctl.build.lock_files import check_requirements, lock_requirements
from relctl.config.project import load
from relctl.engine.docker import connect
from relctl.engine.protocol import Image
from relctl.errors import UsageError
from scratch import RELCTL, Scratch

pytestmark = pytest.mark.engine


def digests(built: Any) -> dict[str, str]:
    return {layer["name"]: layer["digest"] for layer in built["layers"]}


def new(built: Any) -> dict[str, int]:
    return {layer["name"]: layer["size_bytes"] for layer in built["layers"] if not layer["reused"]}


@contextmanager
def clone(of: Scratch, folder: Path) -> Iterator[Scratch]:
    """Clone a project elsewhere on this machine, with a state and a cold cache of its own."""
    state = folder / "state"
    state.mkdir()
    of.git("clone", "-q", str(of.root), str(folder / "elsewhere"))
    yield Scratch(folder / "elsewhere", of.service, of.environ | {"RELCTL_STATE_DIR": str(state)})


def test_a_second_build_of_a_commit_does_nothing(project: Scratch) -> None:
    first, second = project.json("build"), project.json("build")
    assert not first["existed"]
    assert second["existed"]
    assert second["image_id"] == first["image_id"]
    assert new(second) == {}
    assert second["size_bytes"] < 60e6


def test_another_folder_with_a_cold_cache_gives_the_same_image_id(
    project: Scratch, client: Any, tmp_path: Path
) -> None:
    here = project.json("build")
    client.images.remove(here["reference"])
    with clone(project, tmp_path) as elsewhere:
        there = elsewhere.json("build")
    assert there["image_id"] == here["image_id"]
    assert digests(there) == digests(here)
    assert not there["existed"]


def test_a_change_of_the_code_loads_a_small_layer_only(project: Scratch) -> None:
    before = project.json("build")
    (project.root / "service/echo/new.py").write_text('"""New."""\n')
    project.commit("1.0.1")
    after = project.json("build")
    assert list(new(after)) == ["code"]
    assert new(after)["code"] < 200_000
    assert digests(after) | {"code": ""} == digests(before) | {"code": ""}


@pytest.mark.slow
def test_the_image_of_another_platform_is_built_beside_ours(project: Scratch, client: Any) -> None:
    ours, theirs = project.json("build"), project.json("build", "--platform", "linux/arm64")
    assert theirs["tag"] == ours["tag"]
    assert theirs["reference"] == ours["reference"].replace(":", "-arm64:")
    image = client.images.get(theirs["reference"])
    assert image.attrs["Architecture"] == "arm64"
    libraries = "import sysconfig; print(sysconfig.get_platform())"
    assert run(client, ours, "python3.11", "-c", libraries) == "linux-x86_64"
    assert project.json("build", "--platform", "linux/arm64")["existed"]


def run(client: Any, built: Any, *command: str) -> str:
    """Run a command as a slot would: nothing writable but /tmp, no capability, no new privilege.

    Beside a first process that waits: an output is told whole, a log may be read before it is written.
    """
    container = client.containers.run(
        built["image_id"],
        ["python3.11", "-c", "import time; time.sleep(120)"],
        detach=True,
        read_only=True,
        network_mode="none",
        cap_drop=["ALL"],
        security_opt=["no-new-privileges=true"],
        tmpfs={"/tmp": "mode=1777"},
        labels={"io.relctl.service": "test"},
    )
    try:
        code, output = container.exec_run(list(command))
        assert code == 0, output
    finally:
        container.remove(force=True)
    said: str = output.decode()
    return said.strip()


WHO = """
import os, pwd, ssl, tempfile, zoneinfo
certificates = len(ssl.create_default_context().get_ca_certs())
print(os.getuid(), os.getgid(), pwd.getpwuid(os.getuid()).pw_name, tempfile.gettempdir(), certificates > 100)
print(zoneinfo.ZoneInfo("Asia/Shanghai"), os.environ["MODEL_DIR"], os.listdir(os.environ["MODEL_DIR"]))
"""


def test_the_image_runs_as_nobody_with_nothing_writable(project: Scratch, client: Any) -> None:
    built = project.json("build")
    assert run(client, built, "python3.11", "-c", WHO).splitlines() == [
        "65532 65532 nonroot /tmp True",
        "Asia/Shanghai /app/model ['behaviour.json']",
    ]
    assert run(client, built, "uvicorn", "--version").startswith("Running uvicorn ")


def test_the_image_has_no_shell_no_package_manager_and_no_trace_of_this_machine(
    project: Scratch, client: Any
) -> None:
    built = project.json("build")
    walk = "import os; [print(os.path.join(at, n)) for at, _, names in os.walk('/') for n in names]"
    files = set(run(client, built, "python3.11", "-c", walk).splitlines())
    programs = {path for path in files if path.split("/")[-2] in ("bin", "sbin")}
    assert programs == {"/usr/bin/python3.11", "/app/site/bin/uvicorn"}
    assert not [path for path in files if path.startswith("/app") and path.endswith(".pyc")]
    assert run(client, built, "python3.11", "-c", TOLD, str(project.root.parent)) == "[]"


TOLD = """
import pathlib, sys
files = (path for path in pathlib.Path("/app").rglob("*") if path.is_file())
print([path for path in files if sys.argv[1].encode() in path.read_bytes()])
"""


def test_licences_travel_with_the_files(project: Scratch, client: Any) -> None:
    walk = "import glob; print(len(glob.glob('/usr/share/doc/*/copyright')))"
    assert int(run(client, project.json("build"), "python3.11", "-c", walk)) > 30


class Forgetful:
    """An engine that remembers an image which is gone, as when it is pruned between question and load."""

    def __init__(self, engine: Any, gone: Image) -> None:
        self._engine, self._gone = engine, gone

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def images(self, label: str) -> list[Image]:
        return [*self._engine.images(label), self._gone]


def test_a_layer_that_vanished_from_the_engine_is_given_to_it_after_all(project: Scratch) -> None:
    (project.root / "service/requirements.lock").write_text("# A layer that no other image has: none.\n")
    (project.root / "model/unique").write_text(project.root.as_posix())
    project.commit("1.0.0")
    engine = connect(load(project.root, "local", project.environ).environment)
    gone = engine.image(project.json("build")["reference"])
    assert gone is not None
    for name in gone.tags:
        engine.remove_image(name)
    (project.root / "service/echo/new.py").touch()
    project.commit("1.0.1")
    built = build_with(project, Forgetful(engine, gone))
    loaded = engine.image(built.reference)
    assert loaded is not None
    assert loaded.layers[:3] == gone.layers[:3]


def test_a_dirty_tree_is_built_when_asked_under_a_tag_that_says_so(project: Scratch, client: Any) -> None:
    clean = project.json("build")
    (project.root / "service/echo/dirty.py").write_text("")
    dirty = project.json("build", "--allow-dirty")
    assert dirty["tag"].startswith(f"{clean['tag']}-dirty.")
    assert project.json("build", "--allow-dirty")["existed"]
    assert run(client, dirty, "python3.11", "-c", "import echo.dirty") == ""


def test_an_image_of_the_engine_can_be_the_base(project: Scratch, client: Any) -> None:
    base = project.json("build")
    name = f"{base['reference'].partition(':')[0]}@{base['image_id']}"
    project.edit("versions.yaml", "base: .*", f'base: {{image: "{name}"}}')
    project.commit("2.0.0")
    built = project.json("build")
    layers = client.images.get(built["reference"]).attrs["RootFS"]["Layers"]
    assert layers[:4] == list(digests(base).values())
    assert len(layers) == 7


def interrupted(project: Scratch, number: signal.Signals) -> int:
    """Begin a build with a cold cache, and end it with a signal while it bootstraps."""
    process = subprocess.Popen(
        [str(RELCTL), "build"], cwd=project.root, env=project.environ, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    with process.stderr as words:
        assert any("bootstrapping" in line for line in words)
        time.sleep(1)
        process.send_signal(number)
        words.read()
    return process.wait(timeout=30)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_build_leaves_nothing_half_done(
    project: Scratch, tmp_path: Path, number: signal.Signals
) -> None:
    use_cache(project, tmp_path)
    assert interrupted(project, number) == 128 + number
    assert list((tmp_path / "tmp").iterdir()) == []
    assert not (tmp_path / "layers" / "base").exists()


@pytest.mark.slow
def test_a_killed_build_does_not_get_in_the_way_of_the_next(project: Scratch, tmp_path: Path) -> None:
    use_cache(project, tmp_path)
    assert interrupted(project, signal.SIGKILL) == -signal.SIGKILL
    assert not project.json("build")["existed"]


@pytest.mark.slow
def test_two_builds_at_once_give_the_same_image(project: Scratch, tmp_path: Path) -> None:
    use_cache(project, tmp_path)
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: project.json("build"), range(2))
    assert one["image_id"] == other["image_id"]
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_lock_is_resolved_checked_and_built_from_by_the_images_python_only(project: Scratch) -> None:
    lock = project.root / "service/requirements.lock"
    lock.with_suffix(".in").write_text("h11\n")
    settings = load(project.root, "local", project.environ)
    before = lock.read_text()
    if f"{sys.version_info.major}.{sys.version_info.minor}" != settings.versions.python:
        with pytest.raises(
            UsageError, match=r"resolved for the Python of relctl, 3\.\d+; versions\.yaml says"
        ):
            lock_requirements(settings, lambda _: None)
        assert lock.read_text() == before
        return
    lock_requirements(settings, lambda _: None)
    assert check_requirements(settings, lambda _: None).changes == []
    text = lock.read_text()
    assert requirements.read(text, "lock")[0].name == "h11"
    assert "://" not in text
    assert str(project.root) not in text
    assert tempfile.gettempdir() not in text
    lock.with_suffix(".in").write_text("h11\nblinker\n")
    (change,) = check_requirements(settings, lambda _: None).changes
    assert (change.name, change.old) == ("blinker", "")
    assert lock.read_text() == text
    project.commit("1.1.0")
    assert project.json("build")["version"] == "1.1.0"
