"""Who is told of what: the message, and that a failure is said and changes nothing."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hosts import Bench, bench
from relctl.config.environment import Hook
from relctl.rollout.host import Host
from relctl.rollout.notify import message, notify, previous
from relctl.state.event import Event
from webhook_server import WebhookServer


@pytest.fixture
def stand() -> Iterator[Bench]:
    with bench() as made:
        yield made


def host(stand: Bench, *hooks: dict[str, Any]) -> Host:
    notify = [Hook.model_validate(hook) for hook in hooks]
    return stand.with_project(
        environment=stand.host.project.environment.model_copy(update={"notify": notify})
    )


def program(code: str, **members: Any) -> dict[str, Any]:
    return {"on": ["promoted", "rolled-back", "aborted"], "run": [sys.executable, "-c", code], **members}


def keeps(path: Path) -> str:
    return f"import pathlib, sys; pathlib.Path({str(path)!r}).write_text(sys.stdin.read())"


EVENTS = [
    Event("promoted", tag="v1.0.0-abc12de", at="1"),
    Event("promoting", tag="v2.0.0-abc12de", at="2"),
    Event("aborted", tag="v2.0.0-abc12de", at="3"),
    Event("repaired", tag="v1.0.0-abc12de", at="4"),
    Event("promoted", tag="v3.0.0-abc12de", at="5"),
]


@pytest.mark.parametrize(
    ("position", "tag"),
    [(0, ""), (2, "v1.0.0-abc12de"), (4, "v1.0.0-abc12de")],
    ids=["first", "aborted", "promoted"],
)
def test_the_previous_tag_is_the_one_that_had_the_traffic(position: int, tag: str) -> None:
    assert previous(EVENTS, EVENTS[position]) == tag


def test_a_message_says_what_where_who_when_and_why(stand: Bench) -> None:
    event = Event(
        "rolled-back",
        tag="v1.0.0-abc12de",
        at="9",
        by="ops@host1",
        reason="wrong translations",
        source="blue",
    )
    assert message(stand.host.project, [*EVENTS, event], event) == {
        "v": 1,
        "event": "rolled-back",
        "service": "svc",
        "environment": "test",
        "tag": "v1.0.0-abc12de",
        "previous": "v3.0.0-abc12de",
        "from": "blue",
        "reason": "wrong translations",
        "by": "ops@host1",
        "at": "9",
        "text": "svc in test: rolled-back v1.0.0-abc12de, by ops@host1: wrong translations",
    }


def test_programs_and_webhooks_are_told_of_what_they_asked_for_once(stand: Bench, tmp_path: Path) -> None:
    with WebhookServer() as server:
        told = host(stand, program(keeps(tmp_path / "told")), {"on": ["aborted"], "webhook": server.url})
        told.ledger.append(Event("promoting", tag="v1.0.0-abc12de", image_id="sha256:1", slot="blue"))
        told.ledger.append(Event("promoted", tag="v1.0.0-abc12de", image_id="sha256:1", slot="blue"))
        notify(told)
        assert json.loads((tmp_path / "told").read_text())["event"] == "promoted"
        assert server.bodies == []
        told.ledger.append(Event("aborted", tag="v2.0.0-abc12de", reason="not ready"))
        notify(told)
        notify(told)
    assert [(body["event"], body["previous"]) for body in server.bodies] == [("aborted", "v1.0.0-abc12de")]
    assert stand.said == []


def test_the_sentence_for_a_chat_cannot_be_turned_around_and_the_reason_stays_as_it_was(stand: Bench) -> None:
    event = Event("aborted", tag="v1.0.0-abc12de", at="1", by="ops", reason="\u202eevil\x1b[2J\nits log")
    told = message(stand.host.project, [event], event)
    assert told["text"].endswith("by ops: \\u202eevil\\x1b[2J\nits log")
    assert told["reason"] == event.reason


def test_each_failure_is_said_and_the_others_are_told_nevertheless(stand: Bench, tmp_path: Path) -> None:
    repeating = "import sys; sys.exit('nobody at ' + sys.argv[1])"
    with WebhookServer(500) as server:
        told = host(
            stand,
            program("import sys; sys.exit('no paper')"),
            program("import time; time.sleep(60)", timeout="500ms"),
            {"on": ["promoted"], "run": ["no-such-program", "s3cret"]},
            {"on": ["promoted"], "webhook": server.url},
            {"on": ["promoted"], "run": [sys.executable, "-c", repeating, "http://h/s3cret"]},
            program(keeps(tmp_path / "told")),
        )
        told.ledger.append(Event("promoted", tag="v1.0.0-abc12de", image_id="sha256:1", slot="blue"))
        before = told.paths.ledger.read_bytes()
        began = time.monotonic()
        notify(told)
    assert time.monotonic() - began < 40
    assert [
        words.partition(" was not notified of promoted v1.0.0-abc12de: ")[::2] for words in stand.said
    ] == [
        ("notify[0]", f"{sys.executable} ended with 1: no paper"),
        ("notify[1]", f"{sys.executable} was not done within 0.5 s, and is killed"),
        ("notify[2]", "no-such-program cannot be run: No such file or directory"),
        ("notify[3]", "it answered 500"),
        ("notify[4]", f"{sys.executable} ended with 1: nobody at …"),
    ]
    assert "s3cret" not in "".join(stand.said)
    assert (tmp_path / "told").exists()
    assert told.paths.ledger.read_bytes() == before


def test_a_ledger_that_cannot_be_read_any_more_is_a_failure_too(stand: Bench) -> None:
    told = host(stand, program("pass"))
    told.ledger.append(Event("promoted", tag="v1.0.0-abc12de", image_id="sha256:1", slot="blue"))
    told.paths.ledger.write_text("what is this\n")
    notify(told)
    assert "ledger.jsonl:1: not a ledger event" in stand.said[0]
