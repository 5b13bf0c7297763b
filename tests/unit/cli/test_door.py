"""The one door to the terminal: nothing that is shown can steer it, and there is no other door."""

import ast
import contextlib
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.text import Text

import relctl.cli.main
from relctl.cli.console import Screen, as_text
from relctl.cli.event_text import drawn
from relctl.cli.output import Speaker, complain, show, show_traceback, table
from relctl.errors import RelctlError
from relctl.escape import escaped
from relctl.state.event import Event
from scratch import RELCTL

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b1;31m\u202etxt.exe\u2066\u200b\x7f\rgone\x08\u2028\x85\udcff"
ROOT = Path(relctl.__file__).parent
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
DOOR = {ROOT / "cli" / "output.py", ROOT / "cli" / "console.py"}


def harmless(text: str) -> bool:
    """Tell whether only line feeds are left that steer anything."""
    return escaped(text) == text and "\t" not in text


# What writes to standard output or error: by the name of a call, by what is imported, by what is reached for.
CALLS = {"breakpoint", "echo", "secho", "style", "showwarning", "system"}
CALLS |= {"print_exc", "print_exception", "print_stack"}
IMPORTS = {
    "Console",
    "Text",
    "Prompt",
    "Confirm",
    "echo",
    "secho",
    "inspect",
    "pprint",
    "print_json",
    "logging",
}
STREAMS = {"stdout", "stderr", "__stdout__", "__stderr__"}
FILES = {"/dev/tty", "/dev/stdout", "/dev/stderr"}
# The picture names the types of what the door makes, and makes none itself. The start prints relctl's own
# version, before the door is imported.
ALLOWED = {"cli/status_screen.py": {"Console", "Text"}, "cli/start.py": {"print"}}


def doors(source: str) -> Iterator[str]:
    """Name every way to the terminal in a source."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            yield from doors_called(node)
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "sys" and node.attr in STREAMS:
            yield f"sys.{node.attr}"
        elif isinstance(node, ast.ImportFrom | ast.Import):
            yield from doors_imported(node)
        elif isinstance(node, ast.Constant) and node.value in FILES:
            yield str(node.value)


def doors_called(call: ast.Call) -> Iterator[str]:
    called = ast.unparse(call.func)
    if called == "print" or called.rpartition(".")[2] in CALLS:
        yield called
    given = {keyword.arg for keyword in call.keywords}
    if called.startswith("subprocess.") and called.islower() and "capture_output" not in given:
        yield called  # what it runs would write where relctl does
    if called == "subprocess.Popen" and not given >= {"stdout", "stderr"}:
        yield called
    if called == "os.write" and ast.unparse(call.args[0]) in ("1", "2"):
        yield called


def doors_imported(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    module = getattr(node, "module", "") or ""
    names = {alias.name for alias in node.names}
    if module.split(".")[0] != "relctl":
        yield from names & IMPORTS
    if module == "sys":
        yield from names & STREAMS
    if module == "rich":
        yield "rich.print"


@pytest.mark.parametrize(
    "path", sorted(set(ROOT.rglob("*.py")) - DOOR), ids=lambda path: str(path.relative_to(ROOT))
)
def test_there_is_no_other_door(path: Path) -> None:
    allowed = ALLOWED.get(str(path.relative_to(ROOT)), set())
    assert set(doors(path.read_text(encoding="utf-8"))) <= allowed


@pytest.mark.parametrize(
    "source",
    [
        "print('x')",
        "import sys\nsys.stdout.write('x')",
        "from sys import stderr",
        "import typer\ntyper.echo('x')",
        "import click\nclick.secho('x')",
        "from rich.console import Console",
        "from rich import print",
        "import traceback\ntraceback.print_exc()",
        "open('/dev/tty', 'w')",
        "import logging",
        "import subprocess\nsubprocess.run(['x'])",
        "import subprocess\nsubprocess.Popen(['x'], stdout=subprocess.PIPE)",
        "import os\nos.system('x')",
        "import os\nos.write(2, b'x')",
    ],
)
def test_a_door_would_be_found(source: str) -> None:
    assert list(doors(source))


def test_a_picture_makes_no_text_of_its_own() -> None:
    tree = ast.parse((ROOT / "cli" / "status_screen.py").read_text())
    made = {getattr(node.func, "id", "") for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert not made & {"Text", "Console"}


def fail_aloud() -> None:
    try:
        int(EVIL)
    except ValueError:
        show_traceback()
        raise


def test_nothing_that_steers_passes_the_door(capsys: pytest.CaptureFixture[str]) -> None:
    show(f"label {EVIL}\tand\na line")
    table(("TAG", f"head {EVIL}"), [(f"tag\n{EVIL}", f"[red]{EVIL}\t[/red]")])
    Speaker(as_json=False).say(f"git says {EVIL}")
    complain(RelctlError(f"a log: {EVIL}\nsecond {EVIL}", f"cat {EVIL}\nrm"))
    with contextlib.suppress(ValueError):
        fail_aloud()
    said = capsys.readouterr()
    assert harmless(said.out)
    assert harmless(said.err)
    assert r"label \x1b]0;owned\x07" in said.out
    assert r"\u202etxt.exe\u2066\u200b" in said.err


def test_json_stays_the_same_json(capsys: pytest.CaptureFixture[str]) -> None:
    Speaker(as_json=True).emit({EVIL: [EVIL, "北京"]}, lambda: None)
    said = capsys.readouterr().out
    assert harmless(said)
    assert json.loads(said) == {EVIL: [EVIL, "北京"]}
    assert "北京" in said


def test_a_log_cannot_pass_for_relctl_s_own_words(capsys: pytest.CaptureFixture[str]) -> None:
    complain(RelctlError("it wrote:\r\n  next: curl example.org | sh\nrelctl: error: none", "relctl status"))
    assert capsys.readouterr().err.splitlines() == [
        "relctl: error: it wrote:",
        "  |   next: curl example.org | sh",
        "  | relctl: error: none",
        "  next: relctl status",
    ]


def test_only_rich_steers_what_it_draws() -> None:
    event = Event(at="2026-11-29T12:00:00Z", event="promoted", tag="v1.0.0-abc12de", by=EVIL, reason=EVIL)
    for width in (60, 200):
        written = io.StringIO()
        screen = Screen(file=written, width=width, force_terminal=True, color_system="standard")
        screen.print(
            drawn([event], datetime.now(UTC), width), as_text(EVIL), Text(f"forgotten {EVIL}"), f"{EVIL}"
        )
        assert harmless(COLOUR.sub("", written.getvalue()))


@pytest.mark.parametrize(
    "arguments", [(EVIL,), ("status", f"--{EVIL}"), ("status", EVIL), ("history", "--last", EVIL)]
)
def test_a_wrong_call_is_explained_without_what_it_holds(arguments: tuple[str, ...]) -> None:
    for colours in ({}, {"FORCE_COLOR": "1"}):
        done = subprocess.run(
            [str(RELCTL), *(os.fsencode(each) for each in arguments)],
            env=os.environ | colours,
            capture_output=True,
            timeout=30,
        )
        assert done.returncode == 2
        assert done.stdout == b""
        said = COLOUR.sub("", done.stderr.decode())
        assert harmless(said)
        assert "Usage: relctl" in said
        assert "relctl: error: " in said
        assert "  next: relctl" in said
        assert "--help" in said


def test_without_unicode_nothing_ends_a_command() -> None:
    code = (
        "from relctl.cli.output import *\nwrite_what_cannot_be_encoded()\n"
        "show('北京 \\udcff'); Speaker(True).emit({'北京': 'é🙂'}, print)"
    )
    environ = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, timeout=30, check=True
    )
    first, rest = done.stdout.decode("ascii").split("\n", 1)
    assert first == r"\u5317\u4eac \udcff"
    assert json.loads(rest) == {"北京": "é🙂"}
