"""What a layer in the cache depends on: each input alone gives it another key, and nothing else does."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest

from relctl.build import base, cache, code, debian, dependencies, model, requirements
from relctl.build.cache import Cache
from relctl.build.job import Job, find_target
from relctl.build.tarball import Digesting, Layer
from unit.build.build_job import VERSIONS, again, git, job

LOCK = "requirements.lock"
PIN = f"gunicorn==1.0 --hash=sha256:{'1' * 64}\n"
PACKAGES = "".join(
    f"{suite} {architecture} {name} 1.0 {'2' * 64}\n"
    for suite in ("bookworm", "trixie")
    for architecture in ("amd64", "arm64")
    for name in (*debian.wanted("3.11"), *debian.wanted("3.12"))
)
FILES = {
    LOCK: PIN.encode(),
    "base.lock": PACKAGES.encode(),
    "model/weights.bin": b"weights",
    "service/app/__init__.py": b"",
    "service/app/page/index.html": b"<p>",
    "README.md": b"read me",
}
LOCKED = {"bootstrap": "bookworm", "lock": "base.lock"}
PATHS = ["service/app/page", "service/app"]


@dataclass(frozen=True)
class Keys(Cache):
    """A cache that is asked, and makes nothing."""

    asked: dict[str, str] = field(default_factory=dict)

    def layer(self, name: str, key: str, write: Callable[[Digesting], Mapping[str, str]]) -> Layer:
        self.asked[name] = key
        return Layer(name, "sha256:0", 0, None)

    def wheels(self, key: str, fill: Callable[[Path], None]) -> Path:
        self.asked["wheels"] = key
        (self.folder / "wheels").mkdir(parents=True, exist_ok=True)
        (self.folder / "wheels" / "gunicorn-1.0-py3-none-any.whl").touch()
        return self.folder / "wheels"


def keys(of: Job) -> dict[str, str]:
    """The key of each layer, and of the wheels, by name."""
    asked = Keys(of.cache.folder)
    asking = replace(of, cache=asked)
    if asking.versions.base.bootstrap:
        base.layers(asking, cast("Any", None))
    dependencies.layer(asking)
    requirements.fetch(asking, asking.source.text(LOCK))
    model.layer(asking)
    code.layers(asking)
    return asked.asked


def settings(of: Job, **changes: Any) -> Job:
    """The same commit, under other settings of versions.yaml."""
    versions = VERSIONS | {"base": LOCKED, "code": PATHS, "python": "3.11"} | changes
    return replace(of, versions=type(of.versions).model_validate(versions))


def model_settings(**changes: str) -> dict[str, Any]:
    return {"model": VERSIONS["model"] | changes}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def made(folder: Path) -> Job:
    return settings(job(folder, FILES))


LAST = "code"  # it holds release.json, which tells all of this


@pytest.mark.parametrize(
    ("changes", "differing"),
    [
        ({}, set()),
        ({"base": LOCKED | {"bootstrap": "trixie"}}, {"base", LAST}),
        ({"base": {"bootstrap": "bookworm"}}, {"base"}),
        ({"python": "3.12"}, {"dependencies", "wheels"}),
        ({"version": "1.3.0"}, {LAST}),
        ({"service": "other"}, {LAST}),
        (model_settings(sha256="1" * 64), {"model", LAST}),
        (model_settings(revision="2"), {LAST}),
        ({"code": ["service/app/page", "service/app", "README.md"]}, {"code-app-page", "code-app", LAST}),
        ({"code": ["service/app"]}, {"code-app-page", LAST}),
        ({"command": ["other"]}, set()),
        ({"retain": 9}, set()),
    ],
    ids=lambda each: str(sorted(each)) if isinstance(each, set) else str(each),  # sets have no order
)
def test_each_setting_gives_another_key_to_the_layers_that_it_is_in(
    made: Job, changes: dict[str, Any], differing: set[str]
) -> None:
    assert different(keys(made), keys(settings(made, **changes))) == differing


def different(one: Mapping[str, str], other: Mapping[str, str]) -> set[str]:
    return {name for name in {*one, *other} if one.get(name) != other.get(name)}


def test_another_platform_gives_other_bases_dependencies_and_wheels(made: Job) -> None:
    there = replace(made, target=find_target("linux/arm64"))
    assert different(keys(made), keys(there)) == {"base", "dependencies", "wheels", LAST}
    told = json.loads(code.release_json(there))["image"]
    assert (told["name"], told["platform"]) == ("x-arm64", "linux/arm64")


@pytest.mark.parametrize(("python", "other"), [("3.11", "3.12")])
def test_without_a_lock_another_python_or_suite_gives_another_base(
    made: Job, python: str, other: str
) -> None:
    free = {"bootstrap": "bookworm"}
    first = keys(settings(made, base=free, python=python))["base"]
    assert keys(settings(made, base=free, python=other))["base"] != first
    assert keys(settings(made, base={"bootstrap": "trixie"}, python=python))["base"] != first


def test_where_python_is_decides_about_the_scripts_of_dependencies(made: Job) -> None:
    image = {"image": f"python@sha256:{'4' * 64}"}
    assert "dependencies" in different(keys(made), keys(settings(made, base=image)))


@pytest.mark.parametrize(
    ("path", "content", "differing"),
    [
        ("README.md", b"read me again", set()),
        (LOCK, PIN.replace("1.0", "1.0.1").encode(), {"dependencies", "wheels"}),
        (LOCK, PIN.replace("11", "33").encode(), {"dependencies", "wheels"}),
        ("base.lock", PACKAGES.replace(" 1.0 ", " 1.1 ").encode(), {"base"}),
        ("base.lock", PACKAGES.replace("22", "33").encode(), {"base"}),
        ("model/weights.bin", b"other", {"model"}),
        ("service/app/__init__.py", b"changed", set()),
        ("service/app/page/index.html", b"<b>", {"code-app-page"}),
    ],
)
def test_each_file_gives_another_key_to_the_layer_that_it_is_in(
    tmp_path: Path, path: str, content: bytes, differing: set[str]
) -> None:
    before = settings(job(tmp_path, FILES))
    (tmp_path / "project" / path).write_bytes(content)
    after = settings(again(tmp_path))
    assert different(keys(before), keys(after)) == {*differing, LAST}


def test_the_last_layer_depends_on_its_own_files_and_on_when_the_commit_was_made(made: Job) -> None:
    """Everything else of the commit is told by release.json, so it is kept as it is here."""
    for changes in ({"tree": other_tree(made)}, {"created": made.source.created + 1}):
        source = replace(made.source, **changes)
        assert different(keys(made), keys(replace(made, source=source))) >= {LAST}


def other_tree(made: Job) -> str:
    """The tree of a commit in which a file of the service differs, and nothing else."""
    root = made.source.git.folder
    (root / "service/app/__init__.py").write_text("changed")
    git(root, "add", "-A")
    tree = git(root, "write-tree")
    git(root, "reset", "-q", "--hard")
    return tree


def test_layers_of_an_older_way_to_write_them_are_not_found(
    made: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = keys(made)
    monkeypatch.setattr(cache, "_GENERATION", 0)
    assert different(before, keys(made)) == set(before)
