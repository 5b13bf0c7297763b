"""A credential may stand in three headers, and never in the query string."""

import pytest
from flask.testing import FlaskClient

from unit.translator.access_answers import assert_refused, caller
from unit.translator.access_credentials import KEY, OTHER_KEY, bearer, good_token
from unit.translator.access_service import OPEN, guarded_client, make_client

client = guarded_client


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {KEY}"},
        {"Authorization": f"bearer   {KEY} "},
        {"Authorization": f"DeepL-Auth-Key {KEY}"},
        {"Authorization": f"deepl-auth-key {KEY}"},
        {"X-API-Key": KEY},
        {"X-API-Key": KEY, "Authorization": f"Bearer {KEY}"},
        {"X-API-Key": KEY, "Authorization": "Basic dXNlcjpwYXNzd29yZA=="},
    ],
)
def test_a_key_may_stand_in_these_headers(headers: dict[str, str], client: FlaskClient) -> None:
    assert caller(client.post("/v2/translate", headers=headers)) == "key:web"


def test_a_token_stands_behind_bearer_and_nowhere_else(client: FlaskClient) -> None:
    assert caller(client.post("/batch", headers=bearer(good_token()))) == "sub:alice"
    for headers in ({"X-API-Key": good_token()}, {"Authorization": f"DeepL-Auth-Key {good_token()}"}):
        assert_refused(client.post("/batch", headers=headers), 401, "The API key is unknown.")


def test_a_subject_called_like_a_key_is_somebody_else(client: FlaskClient) -> None:
    assert caller(client.post("/batch", headers=bearer(good_token(sub="web")))) == "sub:web"


@pytest.mark.parametrize("other", [OTHER_KEY, "wrong", good_token()])
def test_two_different_credentials_are_refused_even_if_both_are_good_token(
    other: str, client: FlaskClient
) -> None:
    headers = bearer(other) | {"X-API-Key": KEY}
    assert_refused(client.post("/translate", headers=headers), 400, "different credentials; send one.")


@pytest.mark.parametrize("name", ["api_key", "API_KEY", "key", "token", "access_token", "auth_key", "apikey"])
def test_a_credential_in_the_query_string_is_refused_even_if_it_is_good_token(
    name: str, client: FlaskClient
) -> None:
    for headers in ({}, bearer(KEY)):
        response = client.post(f"/translate?{name}={KEY}", headers=headers)
        assert_refused(response, 400, f'"{name.lower()}" does not belong into the query string')
        assert KEY not in response.text


def test_it_is_refused_where_no_credentials_are_asked_for_if_the_name_means_nothing_else() -> None:
    client = make_client()
    assert_refused(client.post("/translate?api_key=x"), 400, "does not belong into the query string")
    assert client.post("/translate?key=x&token=y").status_code == 200


def test_pages_and_probes_do_not_care_about_their_query_string(client: FlaskClient) -> None:
    assert {client.get(f"{path}?api_key=x").status_code for path in OPEN} == {200}
