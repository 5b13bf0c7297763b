"""Templates are compiled once, and again when their text is another."""

import os
from pathlib import Path
from typing import Any

import jinja2
import pytest
from jinja2 import nodes

from relctl.proxy.render import _templates


def rendered(folder: Path) -> str:
    return _templates(folder).get_template("page.j2").render(number=7)


def test_a_text_is_compiled_once_and_a_changed_one_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = list[str]()
    generate = jinja2.Environment._generate

    def counting(environment: jinja2.Environment, source: nodes.Template, *words: Any, **named: Any) -> str:
        counted.append("once more")
        return generate(environment, source, *words, **named)

    monkeypatch.setattr(jinja2.Environment, "_generate", counting)
    page = tmp_path / "page.j2"
    page.write_text("one {{ number }}")
    assert [rendered(tmp_path) for _ in range(3)] == ["one 7"] * 3
    assert len(counted) == 1
    page.write_text("two {{ number }}")
    os.utime(page, (1, 1))  # a clock's tick may be longer than this test
    assert [rendered(tmp_path) for _ in range(2)] == ["two 7"] * 2
    assert len(counted) == 2


def test_the_same_text_elsewhere_names_its_own_file_in_an_error(tmp_path: Path) -> None:
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "page.j2").write_text("{{ 1 // 0 }}")
        with pytest.raises(ZeroDivisionError) as raised:
            rendered(folder)
        assert str(raised.traceback[-1].path) == str(folder / "page.j2")
