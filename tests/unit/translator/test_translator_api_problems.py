"""Every error is a problem in words, with the headers that say what to do, and nothing from inside."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from translator.access.keys import entry, make_key
from translator.batching.queue import DeadlineError, QueueFullError
from unit.translator.access_clock import Clock
from unit.translator.applications import make_client, make_unready_client
from unit.translator.problems import assert_problem

REQUESTS = [
    ("/translate", {"text": "你好"}),
    ("/translate", {"q": "你好"}),
    ("/batch", [{"id": 1, "text": "你好"}]),
    ("/v2/translate", {"text": ["你好"], "target_lang": "EN"}),
]
every_shape = pytest.mark.parametrize(("path", "body"), REQUESTS)


class Failing:
    """A translator that has no translation."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def require_room(self, *, crowded: bool) -> None:
        """There is room."""

    @contextmanager
    def admit(self, _: int) -> Iterator[Callable[[Sequence[str]], list[str]]]:
        yield self._fail

    def _fail(self, _: Sequence[str]) -> list[str]:
        raise self._error


def test_an_unknown_path_is_a_problem(client: FlaskClient) -> None:
    assert_problem(client.get("/nowhere"), 404, "/docs lists what there is")


@pytest.mark.parametrize("path", ["/translate", "/batch", "/v2/translate"])
def test_a_wrong_method_is_a_problem_that_names_the_right_one(path: str, client: FlaskClient) -> None:
    response = client.get(path)
    assert_problem(response, 405, "not allowed")
    assert "POST" in response.headers["Allow"]
    assert client.head(path).status_code == 405
    assert "POST" in client.options(path).headers["Allow"]


def test_the_head_of_a_page_has_no_body(client: FlaskClient) -> None:
    response = client.head("/docs")
    assert (response.status_code, response.get_data()) == (200, b"")


@every_shape
def test_a_full_queue_is_a_problem_that_says_when_to_come_back(path: str, body: object) -> None:
    response = make_client(Failing(QueueFullError(7))).post(path, json=body)
    assert_problem(response, 503, "busy; try again")
    assert response.headers["Retry-After"] == "7"


@every_shape
def test_a_translation_that_takes_too_long_is_a_problem(path: str, body: object) -> None:
    response = make_client(Failing(DeadlineError(20))).post(path, json=body)
    assert_problem(response, 504, "longer than 20 seconds")


@every_shape
def test_an_unexpected_error_is_logged_and_not_shown(
    path: str, body: object, caplog: pytest.LogCaptureFixture
) -> None:
    client = make_client(Failing(RuntimeError("nobody foresaw this")))
    response = client.post(path, json=body, headers={"X-Request-ID": "request-5"})
    assert_problem(response, 500, "under request request-5")
    assert "nobody foresaw this" in caplog.text
    assert "nobody foresaw this" not in response.text


@every_shape
def test_while_the_model_is_loading_callers_are_told_when_to_come_back(path: str, body: object) -> None:
    response = make_unready_client().post(path, json=body)
    assert_problem(response, 503, "being loaded")
    assert response.headers["Retry-After"] == "1"


def test_a_blocked_word_is_refused_without_repeating_it(tmp_path: Path) -> None:
    (tmp_path / "blocked.txt").write_text("# not translated\n坏话\n", encoding="utf-8")
    client = make_client(blocked_words_file=tmp_path / "blocked.txt")
    text = "这是坏话。"
    for path, body in (
        ("/translate", {"text": text}),
        ("/translate", {"q": ["你好", text]}),
        ("/v2/translate", {"text": [text], "target_lang": "EN"}),
    ):
        response = client.post(path, json=body)
        assert_problem(response, 422, "holds a blocked word; it is not translated.")
        assert "坏话" not in response.text
    assert client.post("/translate", json={"text": "这是好话。"}).status_code == 200


def test_a_blocked_word_costs_only_its_item_the_translation(tmp_path: Path) -> None:
    (tmp_path / "blocked.txt").write_text("坏话\n", encoding="utf-8")
    client = make_client(blocked_words_file=tmp_path / "blocked.txt")
    items = [{"id": 1, "text": "这是坏话。"}, {"id": 2, "text": "北京天气很好。"}]
    first, second = client.post("/batch", json=items).get_json()
    assert first == {"id": 1, "error": '"text" holds a blocked word; it is not translated.'}
    assert second == {"id": 2, "translation": "The weather in Beijing is nice."}


def test_a_refused_caller_keeps_the_headers_that_say_why(monkeypatch: pytest.MonkeyPatch) -> None:
    Clock(monkeypatch)  # a new hour must not begin between the two requests
    key = make_key()
    client = make_client(api_keys=entry("tester", key), rate_limit="1/hour")
    refused = client.post("/translate", json={"text": "你好"})
    assert_problem(refused, 401, "credential is needed")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    headers = {"X-API-Key": key}
    assert client.post("/translate", json={"text": "你好"}, headers=headers).status_code == 200
    limited = client.post("/translate", json={"text": "你好"}, headers=headers)
    assert_problem(limited, 429, "used up")
    assert {"Retry-After", "RateLimit", "RateLimit-Policy"} <= set(limited.headers.keys())


class Crowded:
    """A translator that has no room."""

    def require_room(self, *, crowded: bool) -> None:
        raise QueueFullError(7)


@every_shape
def test_a_full_queue_is_said_before_the_body_is_looked_at(path: str, body: object) -> None:
    client = make_client(Crowded())
    response = client.post(path, data=b"not even JSON")
    assert_problem(response, 503, "busy")
    assert response.headers["Retry-After"] == "7"
    assert response.headers["X-Release"] == "v0.0.0-unknown"
    assert response.headers["X-Request-ID"]
    assert client.get("/livez").status_code == 200
    metrics = client.get("/metrics").text
    assert f'translator_http_requests_total{{method="POST",route="{path}",status="503"}} 1.0' in metrics
