"""POST /translate in this service's own shape: what comes in, and what comes back."""

import json

import pytest
from flask.testing import FlaskClient

from translator.release import UNKNOWN
from unit.translator.problems import assert_problem

JSON = {"Content-Type": "application/json"}


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


def test_members_without_a_meaning_are_ignored(client: FlaskClient) -> None:
    answer = client.post("/translate", json={"text": "北京天气很好。", "model": 5}).get_json()
    assert answer["translation"] == "The weather in Beijing is nice."


@pytest.mark.parametrize(
    "text", ["\0你\ud800好。", "\ufeff你好。", "好" * 5000, "你好。\n" * 500, "😀🎉", "\u202e你好\u200f。"]
)
def test_a_strange_text_is_translated_too(text: str, client: FlaskClient) -> None:
    response = client.post("/translate", data=json.dumps({"text": text}), headers=JSON)
    assert response.status_code == 200
    assert response.get_json()["translation"].strip()
    assert "<unk>" not in response.get_json()["translation"]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 400, '"text" is missing; the body must look like {"text": "北京天气很好。"}.'),
        ({"text": None}, 400, '"text" must be a string'),
        ({"text": ""}, 400, '"text" is blank'),
        ({"text": " \n\u3000"}, 400, '"text" is blank'),
        ({"text": "\ud800\u0000"}, 400, '"text" is blank'),
        ({"text": 5}, 400, '"text" must be a string'),
        ({"text": ["你好"]}, 400, '"text" must be a string'),
        ({"text": "你好", "q": "你好"}, 400, '"text" and "q" exclude each other'),
        (["你好"], 400, "must be a JSON object"),
        ({"text": "好" * 5001}, 413, '"text" has 5,001 characters; at most 5,000 are accepted.'),
        # Composed, U+0958 becomes two characters.
        ({"text": "\u0958" * 3000}, 413, '"text" has 6,000 characters'),
    ],
)
def test_what_cannot_be_translated_is_refused_in_words(
    body: object, status: int, words: str, client: FlaskClient
) -> None:
    assert_problem(client.post("/translate", data=json.dumps(body), headers=JSON), status, words)


def test_every_answer_says_its_length(client: FlaskClient) -> None:
    rules = [each for each in client.application.url_map.iter_rules() if each.rule.startswith("/")]
    paths = {each.rule.replace("<path:filename>", "page.css") for each in rules} | {"/nowhere"}
    for path in paths:
        for method in ("GET", "HEAD", "POST", "OPTIONS"):
            with client.open(path, method=method) as response:
                assert response.headers.get("Content-Length", "").isdigit(), (method, path)
