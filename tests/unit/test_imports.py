"""Which room may import which: cli → build, verify, rollout → doors → state, config → release."""

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from relctl.cli.verbs import NAMES

ROOT = Path(__file__).parents[2]
RELCTL = ROOT / "deploy" / "relctl"

BOTTOM = {"tag", "errors", "escape", "process"}
ALLOWED = {
    "errors": set(),
    "escape": set(),
    "process": {"errors"},
    "tag": {"errors"},
    "statistics": BOTTOM,
    "config": BOTTOM | {"statistics"},
    "state": BOTTOM,
    "engine": BOTTOM | {"config", "state"},
    "proxy": BOTTOM | {"config", "state", "engine"},
    "probe": BOTTOM | {"config", "engine"},
    "observation": BOTTOM | {"config", "state", "proxy", "statistics"},
    "source": BOTTOM | {"config", "state", "engine"},
    "report": BOTTOM | {"state"},
    "build": BOTTOM | {"config", "state", "engine", "source"},
    "verify": BOTTOM | {"config", "state", "report", "engine", "probe", "proxy", "statistics"},
    "rollout": BOTTOM
    | {"config", "state", "report", "engine", "source", "probe", "proxy", "observation", "statistics"},
    "cli": BOTTOM
    | {
        "config",
        "state",
        "engine",
        "probe",
        "proxy",
        "observation",
        "source",
        "report",
        "build",
        "verify",
        "rollout",
    },
}


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


FILES = sorted(path for path in RELCTL.rglob("*.py") if path.parent != RELCTL or path.stem in BOTTOM)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(RELCTL)))
def test_a_room_imports_only_what_lies_below_it(path: Path) -> None:
    own = path.relative_to(RELCTL).parts[0].removesuffix(".py")
    rooms = {room(module) for module in imported(path) if module.split(".")[0] == "relctl"} - {"", own}
    assert rooms <= ALLOWED[own], f"{own} may not import {rooms - ALLOWED[own]}"


def folders() -> dict[str, set[str]]:
    """Return which other folders each folder of relctl imports from; a file at the top counts as one."""
    modules = {path.relative_to(RELCTL).with_suffix("") for path in RELCTL.rglob("*.py")}
    found: dict[str, set[str]] = {}
    for path in RELCTL.rglob("*.py"):
        names = (Path(*name.split(".")[1:]) for name in members(path) if name.startswith("relctl."))
        below = {folder(name) for name in names if name in modules}
        found.setdefault(folder(path.relative_to(RELCTL).with_suffix("")), set()).update(below)
    return found


def members(path: Path) -> Iterator[str]:
    """Yield every name that a file imports, a module or something in one."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))


def folder(module: Path) -> str:
    return str(module.parent) if len(module.parts) > 1 else str(module)


def test_folders_import_each_other_in_no_circle() -> None:
    order = TopologicalSorter({own: below - {own} for own, below in folders().items()})
    order.prepare()  # raises CycleError, which names the circle


# Why a file name may occur a second time. A verb's file is named like the use case that it calls.
SECOND_NAMES = {
    "dependencies.py": "the gate is named as in pipelines, the layer as in versions.yaml",
}


def test_a_file_name_is_used_once() -> None:
    names = [path for path in RELCTL.rglob("*.py") if path.name not in ("__init__.py", "__main__.py")]
    below = Counter(path.name for path in names if path.parent.name != "cli")
    assert {name for name, times in below.items() if times > 1} == set(SECOND_NAMES)
    verbs = {f"{verb}.py" for verb in NAMES}
    assert {path.name for path in names if path.parent.name == "cli"} & set(below) <= verbs


@pytest.mark.parametrize("path", sorted(RELCTL.rglob("*.py")), ids=lambda path: str(path.relative_to(RELCTL)))
def test_relctl_never_imports_the_service_or_a_model_library(path: Path) -> None:
    forbidden = {"translator", "torch", "transformers", "ctranslate2", "sentencepiece", "flask"}
    assert not {module.split(".")[0] for module in imported(path)} & forbidden


@pytest.mark.parametrize(
    ("library", "door"),
    [("git", "source/git.py"), ("docker", "engine"), ("installer", "build/dependencies.py")],
)
def test_a_library_for_something_outside_is_imported_by_its_door_alone(library: str, door: str) -> None:
    found = {
        path for path in RELCTL.rglob("*.py") if library in {name.split(".")[0] for name in imported(path)}
    }
    assert found
    assert all(path.is_relative_to(RELCTL / door) for path in found)


# ADR 3 says why probes, and the questions of a warm rollback to the engine, are asked without `requests`.
HTTP_CLIENTS = {
    "requests": {"rollout/deliver.py", "engine/docker.py"},
    "http.client": {
        "engine/docker_inspect.py",
        "probe/idle.py",
        "probe/service.py",
        "probe/traffic.py",
    },
    "urllib.request": set(),
    "urllib3": set(),
}


@pytest.mark.parametrize(("client", "where"), HTTP_CLIENTS.items())
def test_requests_is_the_http_client_but_where_time_is_measured(client: str, where: set[str]) -> None:
    found = {str(path.relative_to(RELCTL)) for path in RELCTL.rglob("*.py") if client in imported(path)}
    assert found == where


@pytest.mark.parametrize("path", sorted((ROOT / "service").rglob("*.py")), ids=str)
def test_the_service_never_imports_relctl(path: Path) -> None:
    assert "relctl" not in {module.split(".")[0] for module in imported(path)}


SERVICE = ROOT / "service" / "translator"

# What stands at the top of the package puts the rooms together and may use them all.
SERVICE_BELOW = {
    "text": set(),
    "engines": set(),
    "batching": {"engines"},
    "observe": {"release"},
    "body": {"settings"},
    "serving": {"lifecycle", "problems"},
    "access": {"settings", "body"},
    "api": {
        "release",
        "lifecycle",
        "body",
        "text",
        "batching",
        "observe",
        "access",
        "serving",
        "problems",
    },
}
SERVICE_FILES = sorted(
    path
    for path in SERVICE.rglob("*.py")
    if path.relative_to(SERVICE).parts[0].removesuffix(".py") in SERVICE_BELOW
)


@pytest.mark.parametrize("path", SERVICE_FILES, ids=lambda path: str(path.relative_to(SERVICE)))
def test_a_room_of_the_service_imports_only_what_lies_below_it(path: Path) -> None:
    own = path.relative_to(SERVICE).parts[0].removesuffix(".py")
    rooms = {room(module) for module in imported(path) if module.split(".")[0] == "translator"} - {"", own}
    assert rooms <= SERVICE_BELOW[own], f"{own} may not import {rooms - SERVICE_BELOW[own]}"


def test_a_warm_rollback_pays_for_nothing_that_it_does_not_use() -> None:
    code = "import sys, relctl.cli.main, relctl.cli.rollback, relctl.rollout.rollback; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ROOT / "deploy")},
        capture_output=True,
        text=True,
        check=True,
    )
    found = set(done.stdout.split())
    assert not found & {"numpy", "jinja2", "sacrebleu", "rich", "git", "packaging", "docker", "requests"}
    ours = {each for each in found if each.startswith("relctl.")}
    assert not {each for each in ours if room(each) in ("verify", "build", "source", "statistics")}
    assert not ours & {
        f"relctl.{each}"
        for each in (
            "cli.status",
            "cli.verify",
            "observation.watch",
            "rollout.watching",
        )
    }
