"""An API key may stand in the body of POST /translate, as LibreTranslate's clients send it."""

import json

import pytest
from flask.testing import FlaskClient

from unit.translator.access_answers import assert_refused, caller
from unit.translator.access_credentials import API_KEYS, KEY, bearer
from unit.translator.access_service import FORM, JSON, guarded_client, make_client

client = guarded_client


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (json.dumps({"q": "你好", "api_key": KEY}), JSON),
        (json.dumps({"q": "你好", "api_key": KEY}), "application/json; charset=utf-8"),
        (f"q=%E4%BD%A0%E5%A5%BD&api_key={KEY}", FORM),
    ],
)
def test_libretranslates_clients_send_their_key_in_the_body(
    body: str, content_type: str, client: FlaskClient
) -> None:
    response = client.post("/translate", data=body, content_type=content_type)
    assert caller(response) == "key:web"
    assert response.get_json()["body"]["q"] in ("你好", ["你好"]), "the route can still read the body"
    assert_refused(client.post("/batch", data=body, content_type=content_type), 401, "A credential is needed")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("", JSON),
        ("{", JSON),
        ("[" * 100_000 + "api_key", JSON),
        ('{"api_key": ' + "1" * 5000 + "}", JSON),
        ('["api_key"]', JSON),
        ('"api_key"', JSON),
        ('{"api_key": null}', JSON),
        ('{"api_key": ""}', JSON),
        ('{"q": {"api_key": "tr_abc"}}', JSON),
        (b'\xff\xfe"api_key', JSON),
        (b'{"api_key": "\xff"}', JSON),
        ("api_key=", FORM),
        ("api_key", FORM),
        (b"api_key=\xff", FORM),
        ("api_key=tr_abc" + "&q=" * 2000, FORM),
        ('{"api_key": "tr_abc"}', "text/plain"),
        ('{"api_key": "tr_abc"}', ""),
    ],
)
def test_a_body_without_a_readable_key_is_a_request_without_a_credential(
    body: str | bytes, content_type: str, client: FlaskClient
) -> None:
    response = client.post("/translate", data=body, content_type=content_type)
    assert_refused(response, 401, "A credential is needed")


@pytest.mark.parametrize("value", ["5", "true", '["tr_abc"]', '{"a": 1}'])
def test_a_key_in_the_body_that_is_no_text_is_named(value: str, client: FlaskClient) -> None:
    response = client.post("/translate", data=f'{{"api_key": {value}}}', content_type=JSON)
    assert_refused(response, 400, '"api_key" must be a string.')


@pytest.mark.parametrize("value", ["tr_ab", "\\ud800", "x" * 100_000])
def test_a_wrong_key_in_the_body_is_refused(value: str, client: FlaskClient) -> None:
    response = client.post("/translate", data=f'{{"api_key": "{value}"}}', content_type=JSON)
    assert_refused(response, 401, "too long" if len(value) > 9000 else "The API key is unknown.")


def test_a_body_that_is_too_long_is_not_searched_for_a_key() -> None:
    client = make_client(api_keys=API_KEYS, max_characters=10, max_total_characters=10, max_items=1)
    body = json.dumps({"q": "x" * 5000, "api_key": KEY})
    assert_refused(client.post("/translate", data=body, content_type=JSON), 413, "The body is too long")
    assert_refused(
        client.post("/translate", environ_overrides=Endless().environ), 413, "The body is too long"
    )


def test_the_body_is_left_alone_where_a_header_has_the_credential(client: FlaskClient) -> None:
    stream = Endless()
    response = client.post("/translate", environ_overrides=stream.environ, headers=bearer("wrong"))
    assert response.status_code == 401
    assert stream.read_bytes == 0


def test_a_body_that_breaks_off_is_refused_in_words(client: FlaskClient) -> None:
    response = client.post("/translate", environ_overrides=BreakingOff().environ)
    assert_refused(response, 400, "The body did not arrive whole.")


class Endless:
    """A body of JSON that never ends, as a chunked one may."""

    read_bytes = 0

    @property
    def environ(self) -> dict[str, object]:
        return {"wsgi.input": self, "wsgi.input_terminated": True, "CONTENT_TYPE": JSON}

    def read(self, size: int = -1) -> bytes:
        assert 0 < size < 1_000_000
        self.read_bytes += size
        return b"[" * size


class BreakingOff(Endless):
    """A body that was cut off: the door closes its stream."""

    def read(self, size: int = -1) -> bytes:
        raise ValueError("I/O operation on closed file.")
