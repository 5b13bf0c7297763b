"""Every request is named, counted and timed, whoever answers it and however it ends."""

import re
import threading

import pytest
from flask import Flask, Response, g
from flask.testing import FlaskClient

from translator.observe import requests
from translator.observe.exchange import current_id
from translator.observe.metrics import Metrics
from translator.release import UNKNOWN
from unit.translator.observed_service import observed, samples

Observed = tuple[FlaskClient, Metrics]


@pytest.fixture
def service() -> Observed:
    app, metrics = observed()
    return app.test_client(), metrics


def counted(metrics: Metrics) -> dict[str, float]:
    """Requests by `method route status`."""
    return samples(metrics.render().decode(), "translator_http_requests_total")


def in_flight(metrics: Metrics) -> float:
    return samples(metrics.render().decode(), "translator_http_requests_in_flight")[""]


@pytest.mark.parametrize(
    ("method", "path", "headers", "counts"),
    [
        ("POST", "/read", {}, "POST /read 200"),
        ("GET", "/items/7?text=words", {}, "GET /items/<name> 204"),
        ("GET", "/no/such/path", {}, "GET unmatched 404"),
        ("GET", "/%0A%00%ff\u2028/语", {}, "GET unmatched 404"),
        ("DELETE", "/read", {}, "DELETE unmatched 405"),
        ("BREW", "/read", {}, "other unmatched 405"),
        ("OPTIONS", "/read", {}, "OPTIONS /read 200"),
        ("POST", "/read", {"Authorization": "wrong"}, "POST /read 401"),
        ("POST", "/read", {"Authorization": "often"}, "POST /read 429"),
        ("GET", "/no/such/path", {"Authorization": "wrong"}, "GET unmatched 401"),
        ("GET", "/fails", {}, "GET /fails 500"),
    ],
)
def test_whoever_answers_the_request_is_named_and_counted(
    method: str, path: str, headers: dict[str, str], counts: str, service: Observed
) -> None:
    client, metrics = service
    answer = client.open(path, method=method, headers=headers)
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-ID"])
    assert counted(metrics) == {counts: 1}
    assert in_flight(metrics) == 0
    times = samples(metrics.render().decode(), "translator_http_request_duration_seconds_count")
    assert times == {counts.split()[1]: 1}


def test_a_body_over_the_limit_is_counted() -> None:
    app, metrics = observed()
    app.config["MAX_CONTENT_LENGTH"] = 10
    assert app.test_client().post("/read", data=b"x" * 11).status_code == 413
    assert counted(metrics) == {"POST /read 413": 1}


@pytest.mark.parametrize("path", ["/livez", "/nowhere", "/fails"])
def test_the_id_that_a_caller_gives_comes_back(path: str, service: Observed) -> None:
    client, _ = service
    answer = client.get(path, headers={"X-Request-ID": "order-17"})
    assert answer.headers.getlist("X-Request-ID") == ["order-17"]


def test_an_id_that_could_do_harm_does_not_come_back(service: Observed) -> None:
    client, _ = service
    for sent in ("x" * 100_000, "号", "a b", "a;b"):
        answer = client.get("/livez", headers={"X-Request-ID": sent})
        assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-ID"])


def test_callers_cannot_make_series(service: Observed) -> None:
    client, metrics = service
    client.get("/nowhere/at/all")
    before = len(metrics.render().splitlines())
    for number in range(50):
        client.get(f"/nowhere/{number}?{number}", headers={"X-Request-ID": str(number), "Host": f"h{number}"})
    assert len(metrics.render().splitlines()) == before


def test_requests_in_flight_are_those_without_an_answer(service: Observed) -> None:
    client, metrics = service
    inside, leave = threading.Barrier(9), threading.Event()

    @client.application.get("/waits")
    def waits() -> str:
        inside.wait(10)
        leave.wait(10)
        return ""

    threads = [
        threading.Thread(target=client.application.test_client().get, args=("/waits",)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    inside.wait(10)
    assert in_flight(metrics) == 8
    leave.set()
    for thread in threads:
        thread.join()
    assert in_flight(metrics) == 0
    assert counted(metrics) == {"GET /waits 200": 8}


def test_what_leaves_the_application_is_counted_as_500_and_is_not_in_flight(service: Observed) -> None:
    client, metrics = service
    with pytest.raises(SystemExit):
        client.get("/stops")
    assert (in_flight(metrics), counted(metrics)) == (0, {"GET /stops 500": 1})
    assert current_id.get() == ""


def test_a_hook_that_fails_before_and_after_every_request_hides_none() -> None:
    app, metrics = Flask(__name__), Metrics(UNKNOWN, "ctranslate2")
    requests.register(app, metrics, access_log=False)
    app.get("/")(lambda: "")

    @app.after_request
    def after(response: Response) -> Response:
        raise ValueError

    @app.teardown_request
    def teardown(error: BaseException | None) -> None:
        raise ValueError

    with pytest.raises(ValueError):
        app.test_client().get("/")
    assert (in_flight(metrics), counted(metrics)) == (0, {"GET / 500": 1})


def test_a_stream_that_breaks_is_not_in_flight(service: Observed) -> None:
    client, metrics = service
    with pytest.raises(ValueError):
        client.get("/breaks", buffered=True)
    assert (in_flight(metrics), counted(metrics)) == (0, {"GET /breaks 200": 1})


def test_a_request_does_not_inherit_from_the_one_before(service: Observed) -> None:
    client, _ = service
    app = client.application
    seen = []

    @app.get("/seen")
    def see() -> str:
        seen.append((current_id.get(), g.get("characters")))
        return ""

    client.post("/read", data="four", headers={"X-Request-ID": "first"})
    assert current_id.get() == ""
    client.get("/seen", headers={"X-Request-ID": "second"})
    assert seen == [("second", None)]
