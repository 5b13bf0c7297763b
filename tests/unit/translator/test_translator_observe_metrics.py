"""What the service counts is what Prometheus reads, and callers cannot make it grow."""

import math
import threading
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families as parse

from translator.observe.exchange import UNMATCHED
from translator.observe.metrics import Metrics
from translator.release import UNKNOWN

Labels = frozenset[tuple[str, str]]


def samples(metrics: Metrics) -> dict[tuple[str, Labels], float]:
    """Value by name and labels, as Prometheus reads them."""
    families = parse(metrics.render().decode())
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def value(metrics: Metrics, name: str, **labels: str) -> float:
    return samples(metrics)[name, frozenset(labels.items())]


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(UNKNOWN, "ctranslate2")


def test_the_answer_is_prometheus_text_of_version_0_0_4(client: FlaskClient) -> None:
    answer = client.get("/metrics", headers={"Accept": "application/openmetrics-text"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    names = {family.name for family in parse(answer.text)}
    assert names >= {
        "translator_http_requests",
        "translator_model_info",
        "process_cpu_seconds",
        "python_info",
    }
    assert "_created" not in answer.text


def test_a_request_is_counted_by_route_method_and_status_and_timed_by_route(metrics: Metrics) -> None:
    metrics.request("/translate", "POST", 200, 0.3)
    metrics.request("/translate", "POST", 200, 4.0)
    metrics.request("/translate", "POST", 503, 0.0001)
    total = "translator_http_requests_total"
    assert value(metrics, total, route="/translate", method="POST", status="200") == 2
    assert value(metrics, total, route="/translate", method="POST", status="503") == 1
    timer = "translator_http_request_duration_seconds"
    assert value(metrics, f"{timer}_count", route="/translate") == 3
    assert value(metrics, f"{timer}_sum", route="/translate") == pytest.approx(4.3001)
    assert value(metrics, f"{timer}_bucket", route="/translate", le="0.001") == 1
    assert value(metrics, f"{timer}_bucket", route="/translate", le="0.5") == 2
    assert value(metrics, f"{timer}_bucket", route="/translate", le="30.0") == 3


def test_methods_that_nobody_knows_share_one_series(metrics: Metrics) -> None:
    for number in range(100):
        metrics.request(UNMATCHED, f"BREW{number}", 405, 0.001)
    requests = [labels for name, labels in samples(metrics) if name == "translator_http_requests_total"]
    assert requests == [frozenset({("route", "unmatched"), ("method", "other"), ("status", "405")})]


def test_reasons_that_nobody_knows_share_one_series(metrics: Metrics) -> None:
    for reason in ("queue_full", "deadline", "deadline", "whim", "mood"):
        metrics.refused(reason)
    counted = {
        reason: value(metrics, "translator_refused_total", reason=reason)
        for reason in ("queue_full", "deadline", "other")
    }
    assert counted == {"queue_full": 1, "deadline": 2, "other": 2}
    assert len([name for name, _ in samples(metrics) if name == "translator_refused_total"]) == 3


def test_a_batch_is_counted_with_its_tokens_and_its_waits(metrics: Metrics) -> None:
    metrics.waited(0.2)
    metrics.batch(sentences=5, tokens=130, seconds=0.7)
    metrics.produced(110)
    found = samples(metrics)
    plain = {name: number for (name, labels), number in found.items() if not labels}
    assert plain["translator_queue_wait_seconds_sum"] == 0.2
    assert plain["translator_batch_sentences_sum"] == 5
    assert plain["translator_batch_tokens_sum"] == 130
    assert plain["translator_batch_duration_seconds_sum"] == 0.7
    assert value(metrics, "translator_batch_sentences_bucket", le="4.0") == 0
    assert value(metrics, "translator_batch_sentences_bucket", le="8.0") == 1
    assert value(metrics, "translator_tokens_total", direction="source") == 130
    assert value(metrics, "translator_tokens_total", direction="target") == 110


def test_the_hit_ratio_is_a_number_before_the_first_lookup(metrics: Metrics) -> None:
    assert value(metrics, "translator_cache_hit_ratio") == 0
    assert not [name for name, number in samples(metrics).items() if math.isnan(number)]
    metrics.cache(hits=3, misses=1)
    metrics.cache(hits=0, misses=4)
    assert value(metrics, "translator_cache_hits_total") == 3
    assert value(metrics, "translator_cache_misses_total") == 5
    assert value(metrics, "translator_cache_hit_ratio") == 0.375


def test_queue_and_cache_are_asked_when_metrics_are_collected(metrics: Metrics) -> None:
    watched = ("translator_queue_requests", "translator_queue_tokens", "translator_cache_bytes")
    assert [value(metrics, name) for name in watched] == [0, 0, 0], (
        "nothing is watched before the model is there"
    )
    queue: list[int] = []
    metrics.watch_queue(lambda: len(queue), lambda: sum(queue))
    metrics.watch_cache(lambda: 4096)
    queue += [20, 30]
    assert [value(metrics, name) for name in watched] == [2, 50, 4096]
    queue.clear()
    assert [value(metrics, name) for name in watched] == [0, 0, 4096]


def test_the_model_and_its_release_are_named() -> None:
    model = replace(UNKNOWN.model, name="zh-en-tiny", revision="2026.11", sha256="b02e51a1")
    release = replace(UNKNOWN, tag="v1.1.0-abc12de", version="1.1.0", model=model)
    labels = {
        "engine": "ctranslate2",
        "model": "zh-en-tiny",
        "revision": "2026.11",
        "sha256": "b02e51a1",
        "version": "1.1.0",
        "tag": "v1.1.0-abc12de",
    }
    assert value(Metrics(release, "ctranslate2"), "translator_model_info", **labels) == 1


def test_two_services_in_one_process_count_apart(metrics: Metrics) -> None:
    other = Metrics(UNKNOWN, "torch")
    other.produced(7)
    assert value(metrics, "translator_tokens_total", direction="target") == 0
    assert value(other, "translator_tokens_total", direction="target") == 7


def test_no_count_is_lost_between_threads(metrics: Metrics) -> None:
    together = threading.Barrier(16)

    def count(number: int) -> None:
        together.wait()
        for turn in range(500):
            metrics.request(f"/route{turn % 5}", "GET", 200 + number % 2, 0.01)
            metrics.cache(hits=1, misses=2)

    threads = [threading.Thread(target=count, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = samples(metrics)
    requests = {labels: n for (name, labels), n in found.items() if name == "translator_http_requests_total"}
    assert set(requests.values()) == {800}
    assert len(requests) == 10
    assert value(metrics, "translator_cache_misses_total") == 16_000
