"""POST /translate in LibreTranslate's shape, and GET /languages."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from unit.translator.problems import assert_problem

WEATHER = "北京天气很好。"
NICE = "The weather in Beijing is nice."


@pytest.mark.parametrize("source", ["zh", "zh-Hans", "ZH-cn"])
def test_a_text_is_translated(source: str, client: FlaskClient) -> None:
    body = {
        "q": WEATHER,
        "source": source,
        "target": "en",
        "format": "text",
        "api_key": "",
        "alternatives": 3,
    }
    assert client.post("/translate", json=body).get_json() == {"translatedText": NICE}


def test_a_list_is_answered_with_a_list(client: FlaskClient) -> None:
    body = {"q": ["这是一段测试文本。", "", WEATHER], "source": "zh", "target": "en"}
    assert client.post("/translate", json=body).get_json() == {
        "translatedText": ["This is a test text.", "", NICE]
    }


def test_a_form_will_do(client: FlaskClient) -> None:
    fields = {"q": WEATHER, "source": "zh", "target": "en"}
    assert client.post("/translate", data=fields).get_json() == {"translatedText": NICE}


@pytest.mark.parametrize(
    ("text", "confidence"),
    [(WEATHER, 100.0), ("我爱你 you", 50.0), ("hello", 0.0), ("😀", 0.0), ("𠀀", 100.0)],
)
def test_who_asks_for_the_language_is_told_how_much_looks_like_it(
    text: str, confidence: float, client: FlaskClient
) -> None:
    detected = {"confidence": confidence, "language": "zh"}
    for q, wanted in ((text, detected), ([text, text], [detected, detected])):
        answer = client.post("/translate", json={"q": q, "source": "auto", "target": "en"}).get_json()
        assert answer["detectedLanguage"] == wanted


def test_the_languages_are_the_one_pair(client: FlaskClient) -> None:
    assert client.get("/languages").get_json() == [
        {"code": "zh", "name": "Chinese", "targets": ["en"]},
        {"code": "en", "name": "English", "targets": []},
    ]


@pytest.mark.parametrize(
    ("members", "status", "words"),
    [
        ({"source": "de"}, 400, '"source" must be Chinese (zh or zh-Hans)'),
        ({"source": "zh-Hant"}, 400, '"source" must be Chinese'),
        ({"source": None}, 400, '"source" must be a string'),
        ({"target": "fr"}, 400, '"target" must be English (en)'),
        ({"format": "html"}, 400, '"format" must be "text": this service does not understand markup'),
        ({"q": ""}, 400, '"q" is blank'),
        ({"q": []}, 400, '"q" is empty'),
        ({"q": None}, 400, '"q" must be a string or a list of strings'),
        ({"q": ["你好", 5]}, 400, '"q" must be a string or a list of strings'),
        ({"q": "好" * 5001}, 413, '"q" has 5,001 characters'),
        ({"q": ["你好", "好" * 5001]}, 413, 'Text 2 of "q" has 5,001 characters; at most 5,000'),
        ({"q": ["好"] * 1001}, 413, '"q" has 1,001 texts; at most 1,000'),
        ({"q": ["好" * 5000] * 21}, 413, '"q" has 105,000 characters; at most 100,000'),
    ],
)
def test_what_cannot_be_translated_is_refused_in_words(
    members: dict[str, Any], status: int, words: str, client: FlaskClient
) -> None:
    body = {"q": "你好", "source": "zh", "target": "en"} | members
    assert_problem(client.post("/translate", json=body), status, words)
