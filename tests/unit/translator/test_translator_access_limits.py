"""A caller that asks too often is told so before any work, with the headers that help it to slow down."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask.testing import FlaskClient

from unit.translator.access_answers import assert_refused
from unit.translator.access_clock import Clock, InterruptingClock
from unit.translator.access_credentials import API_KEYS, KEY, OTHER_KEY, SECRET, bearer, token
from unit.translator.access_service import OPEN, make_client


@pytest.fixture(autouse=True)
def _stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    Clock(monkeypatch)


@pytest.fixture
def client() -> FlaskClient:
    return make_client(api_keys=API_KEYS, jwt_secret=SECRET, rate_limit="2/minute", open_status=False)


def test_every_answer_that_was_counted_says_what_is_left(client: FlaskClient) -> None:
    for left in (1, 0):
        response = client.post("/translate", headers=bearer(KEY))
        assert response.headers["RateLimit-Policy"] == '"default";q=2;w=60'
        assert response.headers["RateLimit"] == f'"default";r={left};t=40'


def test_one_request_too_many_is_refused_with_the_time_to_wait(client: FlaskClient) -> None:
    use_up(client)
    response = client.post("/v2/translate", headers=bearer(KEY))
    assert_refused(response, 429, "The limit of 2 requests per minute is used up; try again in 40 seconds.")
    assert response.headers["Retry-After"] == "40"
    assert response.headers["RateLimit"] == '"default";r=0;t=40'
    assert response.headers["RateLimit-Policy"] == '"default";q=2;w=60'


def test_the_body_of_one_request_too_many_is_not_read(client: FlaskClient) -> None:
    use_up(client)
    body = b"{" * 1000
    response = client.post("/translate", headers=bearer(KEY), data=body, content_type="application/json")
    assert response.status_code == 429, "a route that reads this body answers 400"
    response = client.post(
        "/translate", headers=bearer(OTHER_KEY), data=body, content_type="application/json"
    )
    assert (response.status_code, response.headers["RateLimit"]) == (400, '"default";r=1;t=40')


def test_a_request_counts_once_whatever_its_size(client: FlaskClient) -> None:
    body = [{"id": str(n), "text": "你好"} for n in range(100)]
    response = client.post("/batch", headers=bearer(KEY), json=body)
    assert response.headers["RateLimit"] == '"default";r=1;t=40'


def test_every_caller_has_a_limit_of_its_own(client: FlaskClient) -> None:
    use_up(client)
    for credential in (OTHER_KEY, token({"sub": "web"}), token({"sub": "phone"})):
        response = client.post("/translate", headers=bearer(credential))
        assert (response.status_code, response.headers["RateLimit"]) == (200, '"default";r=1;t=40')


def test_a_caller_has_one_limit_wherever_its_key_stands_and_whatever_it_asks(client: FlaskClient) -> None:
    client.post("/batch", headers={"X-API-Key": KEY})
    client.post("/translate", json={"q": "你好", "api_key": KEY})
    assert client.get("/v2/usage", headers=bearer(KEY)).status_code == 429


def test_all_tokens_of_a_subject_share_its_limit(client: FlaskClient) -> None:
    statuses = [client.post("/batch", headers=bearer(token({"jti": str(n)}))).status_code for n in range(3)]
    assert statuses == [200, 200, 429]


def test_what_was_refused_before_counts_for_nobody(client: FlaskClient) -> None:
    for _ in range(5):
        assert client.post("/translate", headers=bearer("wrong")).status_code == 401
        assert client.post("/translate?key=x", headers=bearer(KEY)).status_code == 400
        refused = client.post("/nowhere", headers=bearer(KEY))
        assert (refused.status_code, refused.headers.get("RateLimit")) == (404, None)
    assert client.post("/translate", headers=bearer(KEY)).headers["RateLimit"] == '"default";r=1;t=40'


def test_monitoring_is_neither_counted_nor_refused(client: FlaskClient) -> None:
    use_up(client)
    for path in ("/metrics", *OPEN):
        response = client.get(path, headers=bearer(KEY))
        assert (response.status_code, response.headers.get("RateLimit")) == (200, None)


def test_without_a_limit_nothing_is_counted() -> None:
    client = make_client(api_keys=API_KEYS)
    responses = [client.post("/translate", headers=bearer(KEY)) for _ in range(100)]
    assert {(each.status_code, each.headers.get("RateLimit")) for each in responses} == {(200, None)}


def test_twenty_requests_at_once_get_ten_through_a_limit_of_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    InterruptingClock(monkeypatch)
    app = make_client(api_keys=API_KEYS, rate_limit="10/minute").application
    at_once = Barrier(20)

    def ask(_: int) -> int:
        at_once.wait()
        return app.test_client().post("/translate", headers=bearer(KEY)).status_code

    with ThreadPoolExecutor(20) as threads:
        statuses = sorted(threads.map(ask, range(20)))
    assert statuses == [200] * 10 + [429] * 10


def use_up(client: FlaskClient) -> None:
    for _ in range(2):
        assert client.post("/translate", headers=bearer(KEY)).status_code == 200
