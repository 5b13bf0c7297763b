"""A log is one JSON object a line, and holds nothing of what callers sent but their paths."""

import io
import json
import logging
import logging.config
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from translator.observe import logs
from translator.observe.exchange import choose_id
from translator.observe.metrics import Metrics
from translator.release import UNKNOWN
from unit.translator.applications import make_client
from unit.translator.observed_service import RELEASE, WORDS, logged, observed

SERVICE = Path(__file__).parents[3] / "service"
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def written() -> Iterator[Lines]:
    with logged() as lines:
        yield lines


@pytest.fixture
def client() -> FlaskClient:
    app, _ = observed()
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app.test_client()


def test_a_line_says_when_who_and_what(written: Lines) -> None:
    before = datetime.now(UTC)
    logging.getLogger("translator.loading").warning("%d replicas, not %d", 2, 4)
    (line,) = written()
    moment = datetime.fromisoformat(line.pop("time"))
    assert before - timedelta(milliseconds=1) <= moment <= datetime.now(UTC)
    assert line == {
        "level": "warning",
        "logger": "translator.loading",
        "message": "2 replicas, not 4",
        "release": RELEASE,
    }


def test_the_time_is_rfc_3339_in_utc() -> None:
    record = logging.makeLogRecord({"created": 1_700_000_000.25, "msg": "x"})
    assert json.loads(logs.LineFormatter("v").format(record))["time"] == "2023-11-14T22:13:20.250Z"


def test_a_request_writes_one_line_without_its_query(client: FlaskClient, written: Lines) -> None:
    headers = {"X-Request-ID": "order-17", "Authorization": "Name alice"}
    client.post(f"/read?text={WORDS}&key=abc", data=WORDS, headers=headers)
    (line,) = written()
    assert line.pop("time")
    assert line.pop("duration_ms") >= 0
    assert line == {
        "level": "info",
        "logger": "translator.access",
        "message": "POST /read 200",
        "request_id": "order-17",
        "release": RELEASE,
        "method": "POST",
        "route": "/read",
        "path": "/read",
        "status": 200,
        "bytes": len(b'{"characters":4}\n'),
        "characters": 4,
        "caller": "alice",
    }


@pytest.mark.parametrize("path", ["/livez", "/metrics"])
def test_what_is_asked_all_the_time_is_logged_for_debugging_only(
    path: str, client: FlaskClient, written: Lines, caplog: pytest.LogCaptureFixture
) -> None:
    client.get(path)
    assert written() == []
    with caplog.at_level(logging.DEBUG):
        client.get(path)
    assert [(line["level"], line["route"]) for line in written()] == [("debug", path)]


def test_without_an_access_log_only_errors_are_written(written: Lines) -> None:
    app, _ = observed(access_log=False)
    client = app.test_client()
    client.get("/nowhere")
    client.post("/read", data="text")
    assert written() == []
    client.get("/fails")
    assert [line["level"] for line in written()] == ["error"]


def test_the_service_logs_how_many_characters_came_and_not_which(written: Lines) -> None:
    texts = ["我的", "秘密。"]
    service = make_client()
    written()  # the model may just have been loaded
    service.post("/v2/translate", json={"text": texts, "target_lang": "EN"})
    (line,) = written()
    assert (line["route"], line["characters"]) == ("/v2/translate", 5)
    assert WORDS not in json.dumps(line, ensure_ascii=False)


def test_the_service_logs_no_request_where_that_is_not_wanted(written: Lines) -> None:
    service = make_client(access_log=False)
    written()
    assert service.post("/translate", json={"text": WORDS}).status_code == 200
    assert service.get("/nowhere").status_code == 404
    assert written() == []


@pytest.mark.parametrize(
    "path",
    [
        '/%0A{"level": "info", "message": "forged"}',
        "/%0d%0aforged",
        "/%7f%1b[2J%9b31m%c2%85%e2%80%a8%e2%80%ae",
        "/%ff%fe%00",
        "/𝔘𝔫𝔦" * 3,
        "/%22%7d%5c",
    ],
)
def test_a_path_cannot_forge_a_line(path: str, client: FlaskClient, written: Lines) -> None:
    client.get(path)
    (line,) = written()
    assert (line["message"], line["route"], line["status"]) == ("GET unmatched 404", "unmatched", 404)
    assert line["path"].startswith("/")


def test_a_long_path_is_cut(client: FlaskClient, written: Lines) -> None:
    client.get("/" + "号" * 5000)
    (line,) = written()
    assert line["path"] == "/" + "号" * 199


def test_an_unexpected_error_is_told_by_its_place_and_not_by_its_words(
    client: FlaskClient, written: Lines
) -> None:
    answer = client.get("/fails", headers={"X-Request-ID": "order-18"})
    assert answer.status_code == 500
    assert "Traceback" not in answer.text
    error, access = written()
    assert error["level"] == "error"
    assert error["message"] == "Exception on /fails [GET]"
    assert error["exception"].startswith("LookupError at translator/observed_service.py:")
    assert ", from ValueError at translator/observed_service.py:" in error["exception"]
    assert error["request_id"] == access["request_id"] == "order-18"
    assert WORDS not in json.dumps([error, access], ensure_ascii=False)
    assert "Traceback" not in json.dumps([error, access])


def test_the_place_of_an_error_is_in_the_service_and_where_it_was_raised(written: Lines) -> None:
    try:
        choose_id(17)  # type: ignore[arg-type]
    except TypeError:
        logging.getLogger("x").exception("it failed")
    try:
        json.loads("{")
    except ValueError:
        logging.getLogger("x").exception("it failed")
    try:
        Path("/nowhere/at/all").read_text(encoding="utf-8")
    except OSError:
        logging.getLogger("x").exception("it failed")
    try:
        Metrics(UNKNOWN, "ctranslate2").waited("long")  # type: ignore[arg-type]
    except TypeError:
        logging.getLogger("x").exception("it failed")
    own, library, system, both = [line["exception"] for line in written()]
    assert own.startswith("TypeError at observe/exchange.py:")
    assert own.endswith(" in choose_id")
    assert library.startswith("JSONDecodeError at json/decoder.py:")
    assert system.startswith("FileNotFoundError ENOENT at ")
    assert re.fullmatch(
        r"TypeError at observe/metrics\.py:\d+ in waited at prometheus_client/\w+\.py:\d+ in \w+", both
    )


def test_an_endless_recursion_is_told_on_one_short_line(written: Lines) -> None:
    def deeper() -> None:
        deeper()

    try:
        deeper()
    except RecursionError:
        logging.getLogger("x").exception("it failed")
    (line,) = written()
    assert line["exception"].startswith("RecursionError at translator/test_translator_observe_logs.py:")
    assert len(line["exception"]) < 200


def test_a_long_message_is_cut_and_a_message_of_many_lines_stays_one(written: Lines) -> None:
    logging.getLogger("x").info("one\ntwo\r\nthree\u2028four\x1b[2J\ud800" + "x" * 100_000)
    (line,) = written()
    assert line["message"].startswith("one\ntwo\r\nthree\u2028four\x1b[2J\ud800xxx")
    assert len(line["message"]) == 1000


def test_an_exception_is_not_told_where_there_is_none(written: Lines) -> None:
    logging.getLogger("x").exception("nothing happened")
    (line,) = written()
    assert "exception" not in line


def test_a_record_that_cannot_be_formatted_is_lost_without_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    handler = logs.LineHandler(stream)
    handler.setFormatter(logs.LineFormatter("v"))
    handler.handle(logging.makeLogRecord({"msg": "%d", "args": (WORDS,)}))
    assert (stream.getvalue(), capsys.readouterr().err) == ("", "")


PROGRAM = """
import json, logging.config, sys
from translator.observe import logs
logging.config.dictConfig(logs.configuration(sys.argv[1], "v1.1.0-abc12de"))
print("begun", flush=True)
sys.stdin.readline()
for name in ("translator.loading", "uvicorn.error", "flask"):
    logging.getLogger(name).debug("debugging")
    logging.getLogger(name).info("informing")
print("ended", flush=True)
"""


def start_program(level: str, stderr: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, level],
        env=os.environ | {"PYTHONPATH": str(SERVICE)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )


@pytest.mark.parametrize(
    ("level", "messages"),
    [("info", ["informing"] * 3), ("debug", ["debugging", "informing"] * 3), ("error", [])],
)
def test_the_configuration_sends_all_loggers_to_stderr(level: str, messages: list[str]) -> None:
    with start_program(level, subprocess.PIPE) as program:
        _, errors = program.communicate("\n", timeout=20)
    lines = [json.loads(line) for line in errors.splitlines()]
    assert [line["message"] for line in lines] == messages
    assert {line["release"] for line in lines} <= {RELEASE}


def test_a_broken_stderr_breaks_nothing_else() -> None:
    reader, writer = os.pipe()
    with start_program("debug", writer) as program:
        os.close(writer)
        assert program.stdout is not None
        assert program.stdout.readline() == "begun\n"
        os.close(reader)
        output, _ = program.communicate("\n", timeout=20)
    assert output == "ended\n"
