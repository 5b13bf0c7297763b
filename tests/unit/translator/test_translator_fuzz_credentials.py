"""With keys configured, no odd or forged credential gets past the guard, or breaks it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from unit.translator.access_credentials import API_KEYS, KEY, SECRET, token
from unit.translator.applications import make_unready_client

# Nothing is loaded: whoever gets past the guard is answered with 503.
CLIENT = make_unready_client(api_keys=API_KEYS)
DESCRIPTION: Any = CLIENT.get("/openapi.json").get_json()
ROUTES = sorted(path for path, operations in DESCRIPTION["paths"].items() if "post" in operations)
BODIES: dict[str, Any] = {
    "/translate": {"text": "你好"},
    "/batch": [{"id": 1, "text": "你好"}],
    "/v2/translate": {"text": ["你好"], "target_lang": "EN"},
}
SCHEMES = ("", "Bearer ", "bearer\t", "DeepL-Auth-Key ", "Basic ", "Digest ", "Bearer Bearer ", "Token=")
FORGED = (
    "",
    " ",
    ",",
    "=",
    '"',
    "\0",
    "\xff\xfe",
    "tr_",
    KEY[:-1],
    KEY + "x",
    KEY.upper(),
    API_KEYS,
    API_KEYS.split(",")[0].partition(":")[2],
    token(key=SECRET),
    "e30.e30.",
    "." * 3000,
    "x" * 7000,
    "' OR 1=1 --",
)


def post(path: str, authorization: str) -> TestResponse:
    # Into the environment: a client would not send all that a socket can bring.
    return CLIENT.post(path, json=BODIES[path], environ_overrides={"HTTP_AUTHORIZATION": authorization})


def assert_refused(path: str, response: TestResponse) -> None:
    """401, or 403 on the routes of DeepL's shape, whose clients know no other; whichever is described."""
    refusals = {"401", "403"} & DESCRIPTION["paths"][path]["post"]["responses"].keys()
    assert refusals == {str(response.status_code)}
    assert response.content_type == "application/problem+json"
    assert ("WWW-Authenticate" in response.headers) == (response.status_code == 401)


def test_every_route_that_takes_work_is_tried() -> None:
    assert BODIES.keys() == set(ROUTES)
    assert ["401" in DESCRIPTION["paths"][path]["post"]["responses"] for path in ROUTES].count(True) == 2
    assert {post(path, f"Bearer {KEY}").status_code for path in ROUTES} == {503}
    for path in ROUTES:
        assert_refused(path, CLIENT.post(path, json=BODIES[path]))


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_forged_credential_is_refused(scheme: str, path: str) -> None:
    for forged in FORGED:
        assert_refused(path, post(path, scheme + forged))


@given(
    path=st.sampled_from(ROUTES),
    scheme=st.sampled_from(SCHEMES),
    # As PEP 3333 has it: a character for each byte.
    credential=st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=200),
)
@settings(max_examples=150, derandomize=True, deadline=None)
def test_an_odd_credential_is_refused(path: str, scheme: str, credential: str) -> None:
    assert_refused(path, post(path, scheme + credential))
