"""What is dropped of a client's bytes, and for how long."""

import asyncio
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from nginx_text import parse
from relctl.config.project import load
from relctl.proxy.render import render
from relctl.state.paths import Paths
from scratch import ROOT
from translator.body import Limits
from translator.serving import body
from translator.serving.body import MOST, Body


def sent(pieces: Iterable[Any], *, length: int | None, expects: bool = False) -> Body:
    """A body that comes in these pieces, and then no further; None: its client goes."""
    left = list(pieces)

    async def receive() -> dict[str, Any]:
        if not left:
            await asyncio.sleep(60)
        piece = left.pop(0)
        if piece is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece, "more_body": bool(left) or length is None}

    sized = (b"transfer-encoding", b"chunked") if length is None else (b"content-length", b"%d" % length)
    expecting = [(b"expect", b"100-continue")] if expects else []
    return Body({"headers": [sized, *expecting]}, receive)


def test_no_more_is_dropped_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "MOST", 1000)
    found = sent([b"x" * 999, b"x", b"x" * 999, b"x"], length=5000)
    asyncio.run(found.drop())
    assert found.more
    assert asyncio.run(found._next()) == b"x" * 999


@pytest.mark.parametrize("name", ["REST_WITHIN", "_PAUSE"])
def test_who_sends_no_more_is_waited_for_a_little(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, name, 0.2)
    found = sent([b"x"], length=5000)
    found.more = True
    began = time.monotonic()
    asyncio.run(found.drop())
    assert time.monotonic() - began < 3


def test_who_has_gone_is_not_waited_for() -> None:
    found = sent([b"x", None], length=5000)
    asyncio.run(found.drop())
    assert (found.more, found.cut_off) == (False, True)


def test_a_body_is_read_to_its_limit_and_not_much_further() -> None:
    found = sent([b"x" * 60] * 5, length=300)
    asyncio.run(found.read(100))
    assert (len(found.data), found.more, found.cut_off) == (120, True, False)


@pytest.mark.parametrize(
    ("length", "expects", "hides"),
    [
        (5, False, False),
        (MOST, False, False),
        (MOST + 1, False, True),
        (None, False, True),
        (5, True, True),
        (0, True, False),
    ],
)
def test_where_the_next_request_begins_is_unknown_behind_some_bodies(
    length: int | None, expects: bool, hides: bool
) -> None:
    assert sent([], length=length, expects=expects).hides_the_next_request is hides


def test_nginx_lets_through_more_than_is_read_and_less_than_is_dropped(tmp_path: Path) -> None:
    project = load(ROOT, "local", {})
    text = render(project, Paths(tmp_path, "translator", "local"), "")
    through = parse(text).within("http").within("server").bytes("client_max_body_size")
    largest = Limits(characters=100_000, items=10_000, total_characters=1_000_000)  # that settings allow
    assert largest.body_bytes < through <= MOST / 2


def test_the_leeways_of_lingering() -> None:
    assert (MOST, body.REST_WITHIN, body._PAUSE) == (64 * 1024**2, 30.0, 5.0)
