"""POST /batch: the order stays, and a bad item costs only itself its translation."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from unit.translator.problems import assert_problem

WEATHER = "北京天气很好。"
NICE = "The weather in Beijing is nice."


def test_translations_come_in_order_with_the_ids_as_they_were(client: FlaskClient) -> None:
    ids = ["001", 1, "", 10**30, "001", "a b\n", -5]
    answer = client.post("/batch", json=[{"id": each, "text": WEATHER} for each in ids]).get_json()
    assert answer == [{"id": each, "translation": NICE} for each in ids]


@pytest.mark.parametrize(
    ("item", "id_", "words"),
    [
        ({"id": "002", "text": ""}, "002", '"text" is blank'),
        ({"id": "002", "text": " \u3000\n"}, "002", '"text" is blank'),
        ({"id": "002"}, "002", '"text" is missing; the item must look like {"id": "001", "text": '),
        ({"id": "002", "text": 5}, "002", '"text" must be a string'),
        ({"id": "002", "text": "好" * 5001}, "002", '"text" has 5,001 characters'),
        ({"text": "你好"}, None, '"id" is missing'),
        ({"id": None, "text": "你好"}, None, '"id" must be a string or a whole number'),
        ({"id": 1.5, "text": "你好"}, None, '"id" must be a string or a whole number'),
        ({"id": True, "text": "你好"}, None, '"id" must be a string or a whole number'),
        ({"id": ["002"], "text": "你好"}, None, '"id" must be a string or a whole number'),
        ("你好", None, "The item must be a JSON object"),
        (None, None, "The item must be a JSON object"),
        ([[[]]], None, "The item must be a JSON object"),
    ],
)
def test_a_bad_item_gets_an_error_and_the_others_their_translations(
    item: Any, id_: object, words: str, client: FlaskClient
) -> None:
    good = {"id": 1, "text": WEATHER}
    first, second, third = client.post("/batch", json=[good, item, good]).get_json()
    assert first == third == {"id": 1, "translation": NICE}
    assert (second.keys(), second["id"]) == ({"id", "error"}, id_)
    assert words in second["error"]


def test_a_batch_of_bad_items_is_answered_too(client: FlaskClient) -> None:
    answer = client.post("/batch", json=[{}] * 1000).get_json()
    assert len(answer) == 1000


def test_half_a_surrogate_pair_is_dropped_from_an_id(client: FlaskClient) -> None:
    body = json.dumps([{"id": "a\ud800b", "text": WEATHER}])
    response = client.post("/batch", data=body, headers={"Content-Type": "application/json"})
    assert response.get_json() == [{"id": "ab", "translation": NICE}]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (
            {"id": 1, "text": "你好"},
            400,
            'a JSON list; it must look like [{"id": "001", "text": "北京天气很好。"}].',
        ),
        ("你好", 400, "must be a JSON list"),
        ([], 400, "The list is empty"),
        ([{"id": 1, "text": "你好"}] * 1001, 413, "The list has 1,001 texts; at most 1,000 are accepted."),
        ([{"id": 1, "text": "好" * 4000}] * 26, 413, "The list has 104,000 characters; at most 100,000"),
    ],
)
def test_a_whole_that_is_wrong_is_refused(body: Any, status: int, words: str, client: FlaskClient) -> None:
    assert_problem(client.post("/batch", json=body), status, words)
