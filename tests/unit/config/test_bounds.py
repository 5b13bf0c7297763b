"""Files of a few lines that stand for more than a machine has: one error, at once."""

import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from relctl.config.document import read
from relctl.config.environment import Environment, override
from relctl.config.pipeline import load_pipeline
from relctl.config.project import load
from relctl.config.validate import validate
from relctl.errors import ConfigError
from scratch import ECHO


def laughs(levels: int, width: int, of: str = "ha") -> str:
    """Lists of lists by aliases: `width` to the power of `levels` values in `levels` lines."""
    lines = [f"l0: &l0 [{', '.join([of] * width)}]"]
    for level in range(1, levels):
        lines.append(f"l{level}: &l{level} [{', '.join([f'*l{level - 1}'] * width)}]")
    return "\n".join(lines) + "\n"


def refused(work: Callable[[], Any]) -> str:
    """Insist on a ConfigError that comes at once: by this thread's processor time, as others work here."""
    began = time.thread_time()
    with pytest.raises(ConfigError) as raised:
        work()
    assert time.thread_time() - began < 5
    assert len(raised.value.message) < 500
    return raised.value.message


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the echo project, whose files a test may spoil."""
    import shutil

    shutil.copytree(ECHO, tmp_path / "project")
    return tmp_path / "project"


@pytest.mark.parametrize("levels", [9, 30, 90])
@pytest.mark.parametrize(
    ("name", "work"),
    [
        ("versions.yaml", lambda root: load(root, "local", {})),
        ("deploy/environments/local.yaml", lambda root: load(root, "local", {})),
        ("pipelines/verify.yaml", lambda root: load_pipeline(root, PurePosixPath("pipelines/verify.yaml"))),
        ("pipelines/smoke.yaml", lambda root: load_pipeline(root, PurePosixPath("pipelines/verify.yaml"))),
    ],
)
def test_a_file_of_many_laughs_is_refused_by_its_line(
    project: Path, name: str, work: Callable[[Path], Any], levels: int
) -> None:
    path = project / name
    lines = path.read_text().count("\n")
    path.write_text(path.read_text() + laughs(levels, 10))
    said = refused(lambda: work(project))
    assert said == f"{path}:{lines + 4}: aliases repeat more than 10,000 values; write the values out"


@pytest.mark.parametrize(
    "text",
    [
        "a: &a {x: 1, y: 2}\n" + "b: &b [" + ", ".join(["*a"] * 3000) + "]\nc: [" + ", ".join(["*b"] * 3000),
        laughs(20, 2) + "x: [" + ", ".join(["*l19"] * 20),
        "a: &a {k: {k: [v, v, v]}}\n" + "".join(f"l{each}: [*a, *a, *a]\n" for each in range(1000)) + "x: [",
    ],
    ids=["wide", "deep", "many small ones"],
)
def test_other_ways_to_repeat_much_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "local.yaml").write_text(text + "]\n")
    assert "aliases repeat more than 10,000 values" in refused(lambda: read(tmp_path / "local.yaml", {}))


def test_aliases_that_people_write_are_read(tmp_path: Path) -> None:
    path = tmp_path / "local.yaml"
    path.write_text("a: &a {x: [1, 2], y: '3'}\nb: [" + ", ".join(["*a"] * 1000) + "]\n")
    assert read(path).data["b"] == [{"x": [1, 2], "y": "3"}] * 1000


def test_a_large_file_without_aliases_is_read(tmp_path: Path) -> None:
    path = tmp_path / "local.yaml"
    path.write_text("".join(f"k{each}: [a, b, c]\n" for each in range(5000)))
    assert len(read(path).data) == 5000


@pytest.mark.parametrize(("opens", "closes"), [("[", "]"), ("{a: ", "}"), ("[{a: ", "}]")])
@pytest.mark.parametrize("levels", [101, 2000, 200_000])
def test_what_is_nested_too_deeply_ends_no_process(
    tmp_path: Path, opens: str, closes: str, levels: int
) -> None:
    (tmp_path / "local.yaml").write_text(f"a: {opens * levels}x{closes * levels}\n")
    assert "local.yaml:1: nested deeper than 100 levels" in refused(lambda: read(tmp_path / "local.yaml"))


@pytest.mark.parametrize("key", ["? [a, b]\n: 1", "? {a: b}\n: 1"])
def test_a_key_that_is_no_word_is_refused(tmp_path: Path, key: str) -> None:
    (tmp_path / "local.yaml").write_text(f"a: &a [x, y]\n{key}\n")
    assert "local.yaml:2: the file: a key must be a word" in refused(lambda: read(tmp_path / "local.yaml"))


LAUGHING = "{" + ", ".join(laughs(9, 10).splitlines()) + "}"


@pytest.mark.parametrize("text", [LAUGHING, "[" * 200_000])
@pytest.mark.parametrize("name", ["RELCTL_RESOURCES_PIDS", "RELCTL_NOTIFY"])
def test_a_variable_is_bounded_as_a_file_is(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / "local.yaml"
    path.write_text("engine: docker\n")
    said = refused(lambda: validate(override(read(path, {}), {name: text}), Environment))
    assert said.startswith(f"{name}:1: ")
    path.write_text("notify: ${HOOKS}\n")
    said = refused(lambda: read(path, {"HOOKS": text}))
    assert said.startswith(f"{path}:1: notify:1: ")
