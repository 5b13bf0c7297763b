"""Scratch projects for tests and benchmarks: repository, state, names, port and subnet of their own."""

import contextlib
import functools
import hashlib
import itertools
import json
import os
import random
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from ports import free_port, share

ROOT = Path(__file__).parent.parent
ECHO = ROOT / "tests" / "projects" / "echo"
RELCTL = Path(sys.executable).with_name("relctl")
Runner = Callable[[Sequence[str], Path, Mapping[str, str], float], subprocess.CompletedProcess[str]]


def as_program(
    arguments: Sequence[str], folder: Path, environ: Mapping[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run relctl in `folder`, as a process of its own; raises subprocess.TimeoutExpired."""
    return subprocess.run(
        [str(RELCTL), *arguments], cwd=folder, env=environ, capture_output=True, text=True, timeout=timeout
    )


_SUBNETS = 4096  # of 16 addresses each

runner: Runner = as_program  # how a scratch project runs relctl; tests have a cheaper way (tests/forked.py)


@dataclass
class Scratch:
    """A project in a folder that Nginx's workers can enter; `environ` is what its relctl sees."""

    root: Path
    service: str
    environ: dict[str, str]
    timeout: float = 240  # seconds for one command; less than a test may take

    @property
    def state(self) -> Path:
        return Path(self.environ["RELCTL_STATE_DIR"])

    @property
    def listen(self) -> str:
        return self.environ["RELCTL_PROXY_LISTEN"]

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run the relctl command line as a user would."""
        return runner(arguments, self.root, self.environ | environ, self.timeout)

    def ok(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run relctl and require that it succeeds."""
        done = self.run(*arguments, **environ)
        assert done.returncode == 0, f"relctl {' '.join(arguments)}: {done.returncode}\n{done.stderr}"
        return done

    def json(self, *arguments: str) -> Any:
        """Run relctl with --json and return its result."""
        return json.loads(self.ok(*arguments, "--json").stdout)

    def refused(self, code: int, *arguments: str, **environ: str) -> str:
        """Run relctl; require the exit code, one error with a next step, and no traceback."""
        done = self.run(*arguments, **environ)
        assert done.returncode == code, f"{done.returncode}, not {code}\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
        assert done.stderr.count("relctl: error:") == 1
        assert "\n  next: " in done.stderr
        return done.stderr

    def git(self, *arguments: str) -> str:
        """Run git in the project."""
        command = ["git", "-c", "user.name=Test", "-c", "user.email=test@example.invalid", *arguments]
        return subprocess.run(
            command, cwd=self.root, check=True, capture_output=True, text=True
        ).stdout.strip()

    def behave(self, **behaviour: Any) -> None:
        """Plant behaviour in the model of the echo service, and write its checksum into versions.yaml."""
        (self.root / "model" / "behaviour.json").write_text(json.dumps(behaviour))
        found = model_checksum(self.root / "model")
        self.edit("versions.yaml", r'sha256: "[^"]*"', f'sha256: "{found}"')

    def edit(self, name: str, pattern: str, replacement: str) -> None:
        """Replace the matches of a pattern in a file; there must be some."""
        path = self.root / name
        text, count = re.subn(pattern, lambda _: replacement, path.read_text())
        assert count, f"{pattern} is not in {name}"
        path.write_text(text)

    def commit(self, version: str, **behaviour: Any) -> None:
        """Commit the project as this version; of the echo service with this behaviour."""
        self.edit("versions.yaml", r'(?m)^version: "[^"]*"', f'version: "{version}"')
        if (self.root / "model").is_dir():
            self.behave(**behaviour)
        self.git("add", "-A")
        self.git("commit", "-qm", f"Release {version}", "--allow-empty")

    def build(self, version: str, **behaviour: Any) -> str:
        """Commit and build; returns the tag."""
        self.commit(version, **behaviour)
        tag: str = self.json("build")["tag"]
        return tag

    def proved(self, version: str, **behaviour: Any) -> str:
        """Commit, build and verify; returns the tag."""
        tag = self.build(version, **behaviour)
        self.ok("verify", tag)
        return tag


def model_checksum(folder: Path) -> str:
    """Return the checksum of a model folder as docs/explanation/building.md defines it."""
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    lines = (f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


@contextlib.contextmanager
def echo_project() -> Iterator[Scratch]:
    """Yield a scratch project of the echo service, not committed yet, and remove all of it afterwards."""
    with _project("echo") as scratch:
        shutil.copytree(ECHO, scratch.root, dirs_exist_ok=True)
        shutil.copytree(ROOT / "nginx", scratch.root / "nginx")
        _begin(scratch)
        yield scratch


@contextlib.contextmanager
def example_project(name: str) -> Iterator[Scratch]:
    """Yield a copy of a service of examples/, not committed yet, and remove all of it afterwards."""
    with _project(name) as scratch:
        shutil.copytree(ROOT / "examples" / name, scratch.root)
        _begin(scratch)
        yield scratch


@contextlib.contextmanager
def translator_project() -> Iterator[Scratch]:
    """Yield a copy of this project as git sees it, under names of its own, and remove it afterwards.

    Its base is not locked: a lock is for releases, and Debian does not keep old packages for tests.
    """
    with _project("translator") as scratch:
        listed = ["git", "ls-files", "-co", "--exclude-standard", *_PARTS]
        names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        for name in names.splitlines():
            (scratch.root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, scratch.root / name)
        scratch.edit("versions.yaml", r"\n *lock: .*", "")
        _begin(scratch)
        yield scratch


_PARTS = ("versions.yaml", ".gitignore", "service", "deploy/environments", "nginx", "pipelines")


@contextlib.contextmanager
def _project(kind: str) -> Iterator[Scratch]:
    folder = Path(tempfile.mkdtemp(prefix="relctl-test-"))
    folder.chmod(0o755)  # Nginx's workers must get in
    unique = secrets.token_hex(4)
    scratch = Scratch(folder / "project", f"{kind}-{unique}", environment(folder))
    try:
        yield scratch
    finally:
        clean_up(scratch)
        shutil.rmtree(folder)


@contextlib.contextmanager
def another_environment(scratch: Scratch, name: str, state: Path | None = None) -> Iterator[Scratch]:
    """Yield the project in one more environment, with a state directory of its own where one is given."""
    environments = scratch.root / "deploy" / "environments"
    shutil.copy(environments / "local.yaml", environments / f"{name}.yaml")
    own = {
        "RELCTL_ENV": name,
        "RELCTL_PROXY_LISTEN": f"127.0.0.1:{free_port()}",
        "RELCTL_NETWORK_SUBNET": free_subnet(),
    }
    if state is not None:
        state.mkdir()
        own["RELCTL_STATE_DIR"] = str(state)
    other = Scratch(scratch.root, scratch.service, scratch.environ | own)
    try:
        yield other
    finally:
        other.run("down")
        (environments / f"{name}.yaml").unlink()


def _begin(scratch: Scratch) -> None:
    """Give service and image their own name, and start a repository."""
    scratch.edit("versions.yaml", r"(?m)^service: .*", f"service: {scratch.service}")
    scratch.edit("versions.yaml", r"(?m)^image: .*", f"image: relctl-test-{scratch.service}")
    scratch.git("init", "-q", "-b", "main")


def environment(folder: Path) -> dict[str, str]:
    """Return variables that keep a scratch project apart from everything else on the machine."""
    state = folder / "state"
    state.mkdir()
    cache = ROOT / ".relctl" / "cache"  # bases and wheels are the same for all: made once
    cache.mkdir(parents=True, exist_ok=True)
    (state / "cache").symlink_to(cache)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("RELCTL_")}
    return kept | {
        "RELCTL_STATE_DIR": str(state),
        "RELCTL_PROXY_LISTEN": f"127.0.0.1:{free_port()}",
        "RELCTL_NETWORK_SUBNET": free_subnet(),
    }


def clean_up(scratch: Scratch) -> None:
    """Stop the scratch project's Nginx and remove its containers, images and networks."""
    import docker

    scratch.run("proxy", "down")
    client = docker.from_env()
    try:
        named: dict[str, Any] = {"label": f"io.relctl.service={scratch.service}"}
        for container in client.containers.list(all=True, ignore_removed=True, filters=named):
            remove_container(container)
        for image in client.images.list(filters=named):
            for tag in image.tags:
                client.images.remove(tag, force=True)
        for network in client.networks.list(names=[f"relctl-{scratch.service}"]):
            network.remove()
    finally:
        client.close()


def remove_container(container: Any) -> None:
    """Remove a container, also one that the engine removes already: a relctl that was killed has told it."""
    import docker.errors

    deadline = time.monotonic() + 30
    while True:
        try:
            container.remove(force=True)
        except docker.errors.NotFound:
            return
        except docker.errors.APIError as error:
            if error.status_code != HTTPStatus.CONFLICT or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def free_subnet() -> str:
    """Return a /28 of 10.213.0.0/16 to which no network of the machine leads; none is given twice.

    One that was given and has no network yet looks free: of several workers of tests none takes another's.
    """
    taken = {line.split()[1] for line in Path("/proc/net/route").read_text().splitlines()}
    for number in itertools.islice(_subnets(), _SUBNETS):
        address = bytes((10, 213, number // 16, number % 16 * 16))
        if address[::-1].hex().upper() not in taken:  # little-endian, as the kernel writes it
            return f"{'.'.join(map(str, address))}/28"
    raise RuntimeError("no subnet of 10.213.0.0/16 is left")


@functools.cache
def _subnets() -> Iterator[int]:
    """Yield all of them, in an order of this process's own; from the beginning when all were given."""
    ours = share(range(_SUBNETS), os.environ)
    return itertools.cycle(random.SystemRandom().sample(ours, len(ours)))


def containers(service_label: Mapping[str, str]) -> list[Any]:
    """Return the engine's containers that carry these labels."""
    import docker

    client = docker.from_env()
    try:
        wanted = [f"{key}={value}" for key, value in service_label.items()]
        return list(client.containers.list(all=True, ignore_removed=True, filters={"label": wanted}))
    finally:
        client.close()
