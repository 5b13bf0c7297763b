"""Bodies that cannot be read are refused in words, on every path that reads one."""

import json
import tracemalloc

import pytest
from flask.testing import FlaskClient

from unit.translator.problems import assert_problem

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TEXT = {
    "/translate": {"text": "你好"},
    "/batch": [{"id": 1, "text": "你好"}],
    "/v2/translate": {"text": ["你好"]},
}
every_path = pytest.mark.parametrize("path", TEXT)


@every_path
@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, "not valid JSON"),
        (b'{"text": ', 400, "not valid JSON"),
        (b'{"text": NaN}', 400, "NaN is no JSON number"),
        (b'{"text": -Infinity}', 400, "-Infinity is no JSON number"),
        (b'{"text": 1' + b"0" * 9000 + b"}", 400, "a number in it is too long"),
        (b"[" * 100_000, 400, "nested too deeply"),
        (b'{"text":' * 100_000, 400, "nested too deeply"),
        (b'{"text": "\xc4\xe3"}', 400, "not UTF-8"),
        ('{"text": "你好"}'.encode("utf-16"), 400, "not UTF-8"),
        (b" " * 1_500_000, 413, "body is too long; all its texts together may have 100,000 characters"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    body: bytes, status: int, words: str, path: str, client: FlaskClient
) -> None:
    assert_problem(client.post(path, data=body, headers=JSON), status, words)


@every_path
@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({}, "must be application/json"),
        ({"Content-Type": "text/plain"}, "must be application/json"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, "must be application/json"),
        ({"Content-Type": "application/json; charset=gbk"}, "must be utf-8"),
        ({**JSON, "Content-Encoding": "gzip"}, "body is compressed"),
    ],
)
def test_another_type_or_coding_is_refused(
    headers: dict[str, str], words: str, path: str, client: FlaskClient
) -> None:
    assert_problem(client.post(path, data=json.dumps(TEXT[path]), headers=headers), 415, words)


@pytest.mark.parametrize(
    "headers",
    [
        JSON,
        {"Content-Type": "application/json; charset=UTF-8"},
        {"Content-Type": "application/vnd.example+json"},
        {**JSON, "Content-Encoding": "identity"},
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_json_in_utf_8_is_read(headers: dict[str, str], encoding: str, client: FlaskClient) -> None:
    body = json.dumps(TEXT["/translate"], ensure_ascii=False).encode(encoding)
    assert client.post("/translate", data=body, headers=headers).status_code == 200


def test_every_spelling_of_the_longest_text_fits_into_the_body_limit(client: FlaskClient) -> None:
    body = json.dumps([{"id": f"{n:036}", "text": "😀" * 100} for n in range(1000)], indent=4)
    assert client.post("/batch", data=body, headers=JSON).status_code == 200


def test_a_form_that_is_not_libretranslates_is_refused(client: FlaskClient) -> None:
    assert_problem(client.post("/translate", data={"text": "你好"}), 415, "must be application/json")


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"q=%C4%E3", 400, "not UTF-8"),
        (b"q=\xc4\xe3", 400, "not UTF-8"),
        (b"q=a&" * 1100, 413, "too many fields"),
        (b"q=a" * 1_000_000, 413, "body is too long"),
    ],
)
def test_a_form_that_cannot_be_read_is_refused(
    body: bytes, status: int, words: str, client: FlaskClient
) -> None:
    assert_problem(client.post("/translate", data=body, headers=FORM), status, words)


def test_a_body_may_be_nested_to_any_depth_and_is_never_an_internal_error(client: FlaskClient) -> None:
    for depth in range(1, 1500, 50):
        for text in ("北京天气很好。", "北京天气很好。\\ud800"):
            nested = f'{{"text": "{text}", "more": {"[" * depth}{"]" * depth}}}'
            response = client.post("/translate", data=nested.encode(), headers=JSON)
            assert response.status_code == 200 or "nested too deeply" in response.get_json()["error"]


@pytest.mark.parametrize(("path", "member"), [("/translate", "q"), ("/v2/translate", "text")])
def test_a_list_of_hundreds_of_thousands_of_wrong_texts_is_refused_at_the_first(
    path: str, member: str, client: FlaskClient
) -> None:
    body = json.dumps({member: [5] * 500_000, "target_lang": "EN"}, separators=(",", ":"))
    tracemalloc.start()
    response = client.post(path, data=body, headers=JSON)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert response.status_code == 400
    assert peak < 100_000_000  # a complaint about each of them would be six times as much
