"""Build the project's image with relctl and, beside it, the same layers with a Dockerfile.

    python benchmarks/build.py [--runs 5]

The last line of output is one JSON object; the exit code is 1 if a limit in it is missed. Times are of
whole processes, in seconds, medians of the runs; the two kinds of build take turns. Everything runs in a
temporary copy of the project under names of its own, which are removed at the end.
"""

import argparse
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import docker

from machine import machine
from scratch import RELCTL, translator_project

DOCKERFILE = """\
FROM scratch
{layers}
USER 65532:65532
LABEL io.relctl.service={service}
"""
CLASSIC_BUILDER = """
import sys, docker
folder, tag, how = sys.argv[1:]
image, _ = docker.from_env().images.build(path=folder, tag=tag, nocache=how == "cold", rm=True)
print(image.id)
"""


@dataclass(frozen=True)
class Copy:
    """A copy of the project, in a repository of its own, to change, build and delete."""

    root: Path
    state: Path
    context: Path
    service: str

    def build(self) -> dict[str, Any]:
        """Run `relctl build` and return its JSON."""
        environment = {**os.environ, "RELCTL_STATE_DIR": str(self.state)}
        return dict(json.loads(run([str(RELCTL), "build", "--json"], self.root, environment)))

    def build_dockerfile(self, how: str) -> str:
        """Run the engine's classic builder over the same layers, `cold` or `warm`; returns the image id."""
        arguments = [str(self.context), f"{self.service}:dockerfile", how]
        return run([sys.executable, "-c", CLASSIC_BUILDER, *arguments], self.root)

    def place(self, built: dict[str, Any]) -> None:
        """Write a Dockerfile of the same layers, with the layers beside it."""
        layers = "\n".join(f"ADD {layer['name']}.tar /" for layer in built["layers"])
        dockerfile = DOCKERFILE.format(layers=layers, service=self.service)
        (self.context / "Dockerfile").write_text(dockerfile)
        for layer in built["layers"]:
            piece = self.context / f"{layer['name']}.tar"
            piece.unlink(missing_ok=True)
            digest = layer["digest"].removeprefix("sha256:")
            piece.hardlink_to(self.state / "cache" / "tars" / f"{digest}.tar")

    def change(self) -> None:
        """Commit a new line of the service's code."""
        code = self.root / "service" / "translator" / "__init__.py"
        code.write_text(f"{code.read_text()}# {secrets.token_hex(4)}\n")
        commit(self.root)

    def forget(self, *kept: str) -> None:
        """Remove the images, and the cache but for `kept`."""
        remove_images(self.service)
        for path in (self.state / "cache").iterdir():
            if path.is_dir() and path.name not in kept:
                shutil.rmtree(path)

    def elsewhere(self) -> "Copy":
        """Clone the repository to another folder, with a cache that is cold but for the wheels."""
        folder = Path(tempfile.mkdtemp(dir=self.root.parent))
        run(["git", "clone", "-q", str(self.root), str(folder / "clone")], folder)
        shutil.copytree(self.state / "cache" / "wheels", folder / "state" / "cache" / "wheels")
        return Copy(folder / "clone", folder / "state", self.context, self.service)


@contextmanager
def copy() -> Iterator[Copy]:
    """Copy the project under a name of its own, with a cold cache."""
    with translator_project() as scratch:
        (scratch.state / "cache").unlink()
        (scratch.state / "cache").mkdir()
        service = scratch.service
        scratch.edit("versions.yaml", r"(?m)^image: .*", f"image: {service}")
        found = Copy(scratch.root, scratch.state, scratch.root.parent / "context", service)
        found.context.mkdir()
        commit(found.root)
        yield found


def commit(root: Path) -> None:
    """Commit everything in a repository."""
    identity = ["-c", "user.name=Bench", "-c", "user.email=bench@example.invalid"]
    run(["git", "add", "-A"], root)
    run(["git", *identity, "commit", "-qm", "change"], root)


def run(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> str:
    """Run a program that must succeed; its messages go to standard error."""
    done = subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def remove_images(service: str) -> None:
    """Remove the images of one copy, with and without a name."""
    client = docker.from_env()
    for image in client.images.list(all=True, filters={"label": f"io.relctl.service={service}"}):
        client.images.remove(str(image.id), force=True)
    client.close()


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the duration of some work, and its result."""
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def beside(seconds: list[float], dockerfile: list[float], **more: Any) -> dict[str, Any]:
    """Sum up the measurements side by side."""
    ours, theirs = median(seconds), median(dockerfile)
    return {
        "relctl_s": round(ours, 3),
        "dockerfile_s": round(theirs, 3),
        "ratio": round(theirs / ours, 1),
        **more,
    }


def no_change(found: Copy, runs: int) -> dict[str, Any]:
    """Build what is built already."""
    found.place(found.build())
    found.build_dockerfile("warm")
    ours, theirs = [], []
    for _ in range(runs):
        ours.append(timed(found.build)[0])
        theirs.append(timed(lambda: found.build_dockerfile("warm"))[0])
    return beside(ours, theirs, limit_s=0.5)


def code_change(found: Copy, runs: int) -> dict[str, Any]:
    """Build after one line of code was changed."""
    ours, theirs, sizes = [], [], []
    for _ in range(runs):
        found.change()
        seconds, built = timed(found.build)
        ours.append(seconds)
        sizes.append(sum(layer["size_bytes"] for layer in built["layers"] if not layer["reused"]))
        found.place(built)
        theirs.append(timed(lambda: found.build_dockerfile("warm"))[0])
    return beside(ours, theirs, limit_s=1.5, new_bytes=max(sizes), limit_bytes=200_000)


def new_layers(built: dict[str, Any]) -> int:
    """Count the layers that the engine had to be given."""
    return sum(not layer["reused"] for layer in built["layers"])


def only_loading(found: Copy, runs: int) -> dict[str, Any]:
    """Build with a warm cache; `layers_loaded` tells what other images of the engine had already."""
    ours, theirs, loaded, ids = [], [], [], set()
    for _ in range(runs):
        remove_images(found.service)
        seconds, built = timed(found.build)
        ours.append(seconds)
        loaded.append(new_layers(built))
        remove_images(found.service)
        seconds, identity = timed(lambda: found.build_dockerfile("cold"))
        theirs.append(seconds)
        ids.add(identity)
    return beside(ours, theirs, layers_loaded=loaded, dockerfile_image_ids=len(ids))


def everything(found: Copy, runs: int) -> dict[str, Any]:
    """Build with a cold cache, but for the wheels: what a machine does that has never built this."""
    seconds, loaded = [], []
    for _ in range(runs):
        found.forget("wheels")
        taken, built = timed(found.build)
        seconds.append(taken)
        loaded.append(new_layers(built))
    return {"relctl_s": round(median(seconds), 3), "limit_s": 15.0, "layers_loaded": loaded}


def same_elsewhere(found: Copy) -> dict[str, Any]:
    """Build one commit in two folders, each with its own cache."""
    here = found.build()
    remove_images(found.service)
    there = found.elsewhere().build()
    return {
        "same_image_id": here["image_id"] == there["image_id"],
        "bytes": here["size_bytes"],
        "limit_bytes": 300_000_000,
    }


def within(result: dict[str, Any]) -> bool:
    """Return whether every measure of a result keeps its limit."""
    seconds = result.get("relctl_s", 0) <= result.get("limit_s", float("inf"))
    size = result.get("bytes", result.get("new_bytes", 0)) <= result.get("limit_bytes", float("inf"))
    return bool(seconds and size and result.get("same_image_id", True))


def main() -> int:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with copy() as found:
        first, _ = timed(found.build)
        results = {
            "no_change": no_change(found, runs),
            "code_change": code_change(found, runs),
            "only_loading": only_loading(found, runs),
            "everything_but_fetching_wheels": everything(found, runs),
            "image": same_elsewhere(found),
        }
    passed = all(within(result) for result in results.values())
    summary = {"benchmark": "build", "runs": runs, "first_s": round(first, 1), **results, "passed": passed}
    print(json.dumps({**summary, "machine": machine() | {"engine": engine_version()}}))
    return 0 if passed else 1


def engine_version() -> str:
    """Return the engine's version."""
    client = docker.from_env()
    try:
        return str(client.version()["Version"])
    finally:
        client.close()


if __name__ == "__main__":
    sys.exit(main())
