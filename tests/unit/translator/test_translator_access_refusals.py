"""A refusal says what is wrong with a credential, and repeats none."""

import re

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from unit.translator.access_answers import CHALLENGE, assert_refused
from unit.translator.access_credentials import API_KEYS, FUTURE, KEY, PAST, SECRET, bearer, good_token, token
from unit.translator.access_service import FORM, JSON, guarded_client, make_client

client = guarded_client


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("wrong", "The API key is unknown."),
        ("tr_abd", "The API key is unknown."),
        ("é\xff", "The API key is unknown."),
        ("a,b", "The API key is unknown."),
        (f"{KEY} {KEY}", "The API key is unknown."),
        ("x" * 100_000, "The credential is too long."),
        ("a.b.c", "The token is malformed."),
        (good_token(exp=PAST), "The token has expired."),
        (good_token(exp=None), "The token has no exp."),
        (good_token(nbf=FUTURE), "The token is not valid yet."),
        (good_token(aud="others"), "The token is for another audience."),
        (good_token()[:-4] + "AAAA", "The token's signature is wrong."),
        (token(key=SECRET * 2, algorithm="HS512"), "The token must be signed with HS256."),
    ],
)
def test_a_worthless_credential_is_explained_and_not_repeated(
    value: str, words: str, client: FlaskClient
) -> None:
    response = client.post("/translate", headers=bearer(value))
    assert_refused(response, 401, words)
    challenge = f'{CHALLENGE}, error="invalid_token", error_description="{words}"'
    assert response.headers["WWW-Authenticate"] == challenge
    assert value not in response.text + str(response.headers)
    in_shape_of_deepl = client.post("/v2/translate", headers=bearer(value))
    assert_refused(in_shape_of_deepl, 403, words)
    assert value not in in_shape_of_deepl.text + str(in_shape_of_deepl.headers)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer  "},
        {"Authorization": KEY},
        {"Authorization": f"Bearer\t{KEY}"},
        {"Authorization": f"Basic {KEY}"},
        {"X-API-Key": " "},
    ],
)
def test_a_request_without_a_credential_is_told_how_to_send_one(
    headers: dict[str, str], client: FlaskClient
) -> None:
    words = 'send "Authorization: Bearer" with an API key or a token'
    response = client.post("/batch", headers=headers)
    assert_refused(response, 401, words)
    assert response.headers["WWW-Authenticate"] == CHALLENGE, "RFC 6750 wants no error here"
    assert_refused(client.get("/v2/usage", headers=headers), 403, words)


def test_with_tokens_only_whatever_a_bearer_is_it_is_judged_as_a_token() -> None:
    client = make_client(jwt_secret=SECRET)
    assert_refused(client.post("/batch", headers=bearer("wrong")), 401, "The token is malformed.")


def test_with_keys_only_a_token_is_an_unknown_key() -> None:
    client = make_client(api_keys=API_KEYS)
    assert_refused(client.post("/batch", headers=bearer(token())), 401, "The API key is unknown.")


HEADER = st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=300)


@given(
    authorization=HEADER | HEADER.map("Bearer {}".format) | HEADER.map("DeepL-Auth-Key {}".format),
    key=st.none() | HEADER,
    body=st.binary(max_size=200) | st.binary(max_size=50).map(lambda noise: b'{"api_key":' + noise + b"}"),
    content_type=st.sampled_from(
        [JSON, FORM, "", "a/b", "application/json; charset=é", "multipart/form-data"]
    ),
    query=HEADER.filter(lambda text: not re.search("key|token", text, re.I)),
)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_whatever_is_sent_the_answer_is_a_refusal_in_words(
    authorization: str, key: str | None, body: bytes, content_type: str, query: str, client: FlaskClient
) -> None:
    headers = {"Authorization": authorization} | ({} if key is None else {"X-API-Key": key})
    response = client.post(
        "/translate", headers=headers, data=body, content_type=content_type, query_string=query
    )
    assert response.status_code in (400, 401)
    assert response.get_json()["detail"]
