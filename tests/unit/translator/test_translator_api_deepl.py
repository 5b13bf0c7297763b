"""POST /v2/translate, GET /v2/languages and GET /v2/usage in DeepL's shape."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from unit.translator.problems import assert_problem

WEATHER = "北京天气很好。"
TRANSLATED = {"detected_source_language": "ZH", "text": "The weather in Beijing is nice."}


@pytest.mark.parametrize("target", ["EN", "EN-US", "en-gb"])
def test_texts_are_translated_in_order(target: str, client: FlaskClient) -> None:
    body = {"text": ["这是一段测试文本。", "", WEATHER], "target_lang": target, "source_lang": "ZH"}
    assert client.post("/v2/translate", json=body).get_json()["translations"] == [
        {"detected_source_language": "ZH", "text": "This is a test text."},
        {"detected_source_language": "ZH", "text": ""},
        TRANSLATED,
    ]


def test_options_that_change_nothing_are_ignored(client: FlaskClient) -> None:
    options = {
        "preserve_formatting": True,
        "split_sentences": "1",
        "formality": "prefer_more",
        "context": "天气",
        "model_type": "quality_optimized",
        "tag_handling": None,
        "outline_detection": False,
    }
    body = {"text": [WEATHER], "target_lang": "EN"} | options
    assert client.post("/v2/translate", json=body).get_json() == {"translations": [TRANSLATED]}


def test_a_form_will_do(client: FlaskClient) -> None:
    fields = {"text": [WEATHER, WEATHER], "target_lang": "EN", "show_billed_characters": "1"}
    assert client.post("/v2/translate", data=fields).get_json() == {
        "translations": [TRANSLATED | {"billed_characters": 7}] * 2
    }


def test_the_languages_are_the_one_pair(client: FlaskClient) -> None:
    assert client.get("/v2/languages").get_json() == [{"language": "ZH", "name": "Chinese"}]
    targets = client.get("/v2/languages?type=target").get_json()
    assert [each["language"] for each in targets] == ["EN-GB", "EN-US"]
    assert_problem(client.get("/v2/languages?type=both"), 400, '"type" must be source or target')


def test_nothing_is_used_up(client: FlaskClient) -> None:
    usage = client.get("/v2/usage").get_json()
    assert usage == {"character_count": 0, "character_limit": 1_000_000_000_000}


@pytest.mark.parametrize(
    ("members", "status", "words"),
    [
        ({"target_lang": "DE"}, 400, '"target_lang" must be English (en)'),
        ({"target_lang": None}, 400, '"target_lang" must be a string such as EN'),
        ({"source_lang": "JA"}, 400, '"source_lang" must be Chinese'),
        ({"formality": "more"}, 400, '"formality" must be default, prefer_more or prefer_less'),
        ({"tag_handling": "xml"}, 400, '"tag_handling" must be left out'),
        ({"glossary_id": "1"}, 400, '"glossary_id" must be left out'),
        ({"show_billed_characters": 5}, 400, '"show_billed_characters" must be true or false'),
        ({"text": []}, 400, '"text" is empty'),
        ({"text": None}, 400, '"text" must be a list of strings'),
        ({"text": ["你好", "好" * 5001]}, 413, 'Text 2 of "text" has 5,001 characters'),
        ({"text": ["好"] * 1001}, 413, '"text" has 1,001 texts; at most 1,000'),
    ],
)
def test_what_cannot_be_translated_is_refused_in_words(
    members: dict[str, Any], status: int, words: str, client: FlaskClient
) -> None:
    body = {"text": ["你好"], "target_lang": "EN"} | members
    assert_problem(client.post("/v2/translate", json=body), status, words)


def test_a_form_without_a_target_is_refused_in_words(client: FlaskClient) -> None:
    assert_problem(client.post("/v2/translate", data={"text": "你好"}), 400, '"target_lang" is missing.')
