"""POST /translate keeps its contract, and every error is a problem in words."""

import json
from collections.abc import Sequence

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from translator.app import create_app
from translator.engine import Engine
from translator.lifecycle import Lifecycle
from translator.release import UNKNOWN
from translator.settings import Settings

JSON = {"Content-Type": "application/json"}


class BrokenEngine(Engine):
    def __init__(self) -> None:
        pass

    def translate(self, sentences: Sequence[str]) -> list[str]:
        raise RuntimeError(f"nobody foresaw {sentences}")


def assert_problem(response: TestResponse, status: int, words: str) -> None:
    problem = response.get_json()
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    assert (problem["status"], problem["type"]) == (status, "about:blank")
    assert words in problem["error"]
    assert problem["detail"] == problem["error"]
    assert response.headers["X-Release"] == UNKNOWN.tag


def test_a_text_is_translated(client: FlaskClient) -> None:
    response = client.post("/translate", json={"text": "北京天气很好。"})
    assert response.get_json() == {
        "translation": "The weather in Beijing is nice.",
        "success": True,
        "result": "The weather in Beijing is nice.",
        "release": UNKNOWN.tag,
    }
    assert response.headers["X-Release"] == UNKNOWN.tag


def test_the_answer_is_utf_8_without_escapes(client: FlaskClient) -> None:
    body = client.post("/translate", json={"text": "你好。\n\n😀"}).get_data()
    assert "\\n\\n😀".encode() in body


@pytest.mark.parametrize("text", ["\0你\ud800好。", "\ufeff你好。", "好" * 5000, "你好。\n" * 500])
def test_a_strange_text_is_translated_too(text: str, client: FlaskClient) -> None:
    response = client.post("/translate", data=json.dumps({"text": text}), headers=JSON)
    assert response.status_code == 200
    assert "<unk>" not in response.get_json()["translation"]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ("{}", 400, '"text" is missing'),
        ('{"text": ""}', 400, '"text" is blank'),
        ('{"text": " \\n\\u3000"}', 400, '"text" is blank'),
        ('{"text": "\\ud800\\u0000"}', 400, '"text" is blank'),
        ('{"text": 5}', 400, '"text" must be a string'),
        ('{"text": ["你好"]}', 400, '"text" must be a string'),
        ('["你好"]', 400, "must be a JSON object"),
        ("", 400, "not valid JSON"),
        ('{"text": ', 400, "not valid JSON"),
        ('{"text": 1' + "0" * 9000 + "}", 400, "not valid JSON"),
        ("[" * 30_000, 400, "nested too deeply"),
        (b'{"text": "\xc4\xe3"}', 400, "not UTF-8"),
        (json.dumps({"text": "好" * 5001}), 413, "5,001 characters; at most 5,000"),
        (json.dumps({"text": "好" * 20_000}), 413, "body is too long"),
    ],
)
def test_a_bad_body_is_refused_in_words(
    body: str | bytes, status: int, words: str, client: FlaskClient
) -> None:
    assert_problem(client.post("/translate", data=body, headers=JSON), status, words)


def test_every_spelling_of_the_longest_text_fits_into_the_body_limit(client: FlaskClient) -> None:
    body = json.dumps({"text": "😀" * 5000}, ensure_ascii=True)
    assert client.post("/translate", data=body, headers=JSON).status_code == 200


def test_another_content_type_is_refused(client: FlaskClient) -> None:
    assert_problem(client.post("/translate", data={"text": "你好"}), 415, "application/json")


def test_an_unknown_path_is_a_problem(client: FlaskClient) -> None:
    assert_problem(client.get("/nowhere"), 404, "not found")


def test_a_wrong_method_is_a_problem_that_names_the_right_one(client: FlaskClient) -> None:
    response = client.get("/translate")
    assert_problem(response, 405, "not allowed")
    assert "POST" in response.headers["Allow"]


def test_while_the_model_is_loading_callers_are_told_when_to_come_back(settings: Settings) -> None:
    client = create_app(settings, UNKNOWN, Lifecycle(patience=0)).test_client()
    response = client.post("/translate", json={"text": "你好"})
    assert_problem(response, 503, "being loaded")
    assert response.headers["Retry-After"] == "1"


def test_an_unexpected_error_is_logged_and_not_shown(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    lifecycle = Lifecycle()
    lifecycle.become_ready(BrokenEngine())
    client = create_app(settings, UNKNOWN, lifecycle).test_client()
    response = client.post("/translate", json={"text": "你好"})
    assert_problem(response, 500, "internal error")
    assert "nobody foresaw" in caplog.text
    assert "nobody foresaw" not in response.text
