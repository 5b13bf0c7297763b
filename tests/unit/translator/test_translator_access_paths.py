"""Work needs a credential once there are any; pages, probes and monitoring do not."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from translator.access.guard import Room, room
from unit.translator import applications
from unit.translator.access_answers import CHALLENGE, assert_refused, caller
from unit.translator.access_credentials import API_KEYS, KEY, bearer
from unit.translator.access_service import OPEN, STATUS, WORK, guarded_client, make_client

client = guarded_client


@pytest.mark.parametrize("path", [*WORK, *STATUS, *OPEN])
def test_without_settings_everything_is_open(path: str) -> None:
    response = make_client().post(path)
    assert caller(response) is None
    assert "RateLimit" not in response.headers


@pytest.mark.parametrize("path", WORK)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_work_needs_a_credential(path: str, method: str, client: FlaskClient) -> None:
    response = client.open(path, method=method)
    shape_of_deepl = path.startswith("/v2/")
    assert response.status_code == (403 if shape_of_deepl else 401)
    assert response.headers.get("WWW-Authenticate") == (None if shape_of_deepl else CHALLENGE)
    assert client.open(path, method=method, headers=bearer(KEY)).status_code == 200


@pytest.mark.parametrize("path", [*OPEN, *STATUS])
def test_pages_probes_and_monitoring_need_none(path: str, client: FlaskClient) -> None:
    assert caller(client.get(path)) is None
    assert caller(client.get(path, headers=bearer("wrong"))) is None, "nobody was asked"


@pytest.mark.parametrize("path", STATUS)
def test_monitoring_can_be_closed(path: str) -> None:
    client = make_client(api_keys=API_KEYS, open_status=False)
    assert_refused(client.get(path), 401, "A credential is needed")
    assert caller(client.get(path, headers=bearer(KEY))) == "key:web"


@pytest.mark.parametrize("path", OPEN)
def test_closing_the_monitoring_closes_nothing_else(path: str) -> None:
    assert make_client(api_keys=API_KEYS, open_status=False).get(path).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/nowhere", "/translate/", "/TRANSLATE", "/translate%00", "/v2", "/livez/../batch"],
)
def test_a_path_that_is_not_there_is_not_found_with_or_without_a_credential(
    path: str, client: FlaskClient
) -> None:
    assert client.post(path).status_code == 404
    assert client.post(path, headers=bearer(KEY)).status_code == 404


def test_a_wrong_method_is_refused_as_such(client: FlaskClient) -> None:
    assert client.delete("/translate").status_code == 405


def test_a_browser_may_ask_for_the_methods_without_a_credential(client: FlaskClient) -> None:
    response = client.options("/translate")
    assert response.status_code == 200
    assert "POST" in response.headers["Allow"]
    assert response.data == b""


def test_a_route_that_nobody_thought_of_needs_a_credential(client: FlaskClient) -> None:
    assert {
        room(path) for path in ("/new", "/livez/more", "/docs2", "/assets", "/metrics/", "/v2/languages")
    } == {Room.WORK}


def test_of_the_whole_application_nothing_else_is_open() -> None:
    application = applications.make_unready_client(api_keys=API_KEYS).application
    rules = {rule.rule for rule in application.url_map.iter_rules()}
    assert {rule for rule in rules if room(rule) is Room.OPEN} == {*OPEN[:-1], "/assets/<path:filename>"}
    assert {rule for rule in rules if room(rule) is Room.STATUS} == set(STATUS)
    assert {rule for rule in rules if room(rule) is Room.WORK} == {*WORK, "/v2/languages"}


def test_the_whole_application_asks_before_it_does_anything() -> None:
    client = applications.make_unready_client(api_keys=API_KEYS)
    broken: dict[str, Any] = {"data": b"{", "content_type": "application/json"}
    for path, status in (("/translate", 401), ("/batch", 401), ("/v2/translate", 403)):
        assert_refused(client.post(path, **broken), status, "A credential is needed")
        assert client.post(path, **broken, headers=bearer(KEY)).status_code == 400
