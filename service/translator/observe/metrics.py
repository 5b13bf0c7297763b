"""Count and time what the service does, for Prometheus to collect at GET /metrics."""

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import cache

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from translator.observe.exchange import UNMATCHED
from translator.release import Release

_OTHER = "other"  # of a method that HTTP does not define
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30)
_WAIT_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
_BATCH_SECONDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SENTENCES = (1, 2, 4, 8, 16, 32, 64, 128)
_TOKENS = (8, 16, 32, 64, 128, 256, 512, 1024, 2048)
_REASONS = ("queue_full", "deadline", "other")

# Every counter and histogram would have one more series, which says when it began: with the
# process, and that is in process_start_time_seconds.
disable_created_metrics()  # type: ignore[no-untyped-call]


class CacheCounts(Collector):
    """Sentences that were found in the cache and that were not; safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hits = 0
        self._misses = 0

    def add(self, hits: int, misses: int) -> None:
        """Count one look into the cache."""
        with self._lock:
            self._hits += hits
            self._misses += misses

    def collect(self) -> Iterator[Metric]:
        """Yield the counters, and hits / (hits + misses) since the start; 0 before the first look."""
        with self._lock:
            hits, misses = self._hits, self._misses
        yield CounterMetricFamily("translator_cache_hits", "Sentences found in the cache.", hits)
        yield CounterMetricFamily("translator_cache_misses", "Sentences not found in the cache.", misses)
        yield GaugeMetricFamily(
            "translator_cache_hit_ratio",
            "Part of the sentences found in the cache since the start, 0 to 1.",
            hits / (hits + misses or 1),
        )


class Metrics:
    """All metrics of one service, in a registry of their own; safe from any thread."""

    def __init__(self, release: Release, engine: str) -> None:
        """`engine`: its name in the settings."""
        self.registry = CollectorRegistry()
        self.in_flight = self._gauge("http_requests_in_flight", "Requests without an answer yet.")
        self._requests = Counter(
            "translator_http_requests_total",
            "Requests that were answered.",
            ["route", "method", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "translator_http_request_duration_seconds",
            "Time from a request's head to its answer.",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        # labels() takes a lock and makes strings, so each combination goes there once.
        self._labelled = cache(
            lambda route, method, status: (
                self._requests.labels(route, method, str(status)),
                self._seconds.labels(route),
            )
        )
        self._queue_requests = self._gauge("queue_requests", "Requests that wait or are translated.")
        self._queue_tokens = self._gauge("queue_tokens", "Source tokens that wait.")
        self._waits = self._histogram("queue_wait_seconds", "Time a sentence waits.", _WAIT_SECONDS)
        self._sentences = self._histogram("batch_sentences", "Sentences in a batch.", _SENTENCES)
        self._tokens = self._histogram("batch_tokens", "Source tokens in a batch.", _TOKENS)
        self._batches = self._histogram("batch_duration_seconds", "Time of a batch.", _BATCH_SECONDS)
        self._read, self._written = self._counters(
            "tokens_total", "Tokens that the engine read and wrote.", "direction", ("source", "target")
        )
        refused = self._counters(
            "refused_total", "Requests without a translation, for want of room or time.", "reason", _REASONS
        )
        self._refused = dict(zip(_REASONS, refused, strict=True))
        self._cache = CacheCounts()
        self.registry.register(self._cache)
        self._cache_bytes = self._gauge("cache_bytes", "Bytes that the cache uses.")
        self._describe(release, engine)

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count an HTTP request that was answered; `route` is a URL rule or UNMATCHED, never a path."""
        counter, timer = self._labelled(route, method if method in _METHODS else _OTHER, status)
        counter.inc()
        timer.observe(seconds)

    def malformed(self, status: int) -> None:
        """Count an answer to what is not HTTP, or not within its limits, and so no request."""
        self._requests.labels(UNMATCHED, _OTHER, str(int(status))).inc()

    def batch(self, sentences: int, tokens: int, seconds: float) -> None:
        """Count a batch that the engine translated, of `sentences` with `tokens` source tokens."""
        self._sentences.observe(sentences)
        self._tokens.observe(tokens)
        self._batches.observe(seconds)
        self._read.inc(tokens)

    def produced(self, tokens: int) -> None:
        """Count `tokens` target tokens that the engine wrote."""
        self._written.inc(tokens)

    def waited(self, seconds: float) -> None:
        """Count how long a sentence waited for its batch."""
        self._waits.observe(seconds)

    def refused(self, reason: str) -> None:
        """Count a request without a translation: `queue_full` or `deadline`; another word is `other`."""
        self._refused.get(reason, self._refused["other"]).inc()

    def cache(self, hits: int, misses: int) -> None:
        """Count sentences that were, and were not, in the cache."""
        self._cache.add(hits, misses)

    def watch_queue(self, requests: Callable[[], int], tokens: Callable[[], int]) -> None:
        """Ask these for the length of the queue whenever metrics are collected."""
        self._queue_requests.set_function(requests)
        self._queue_tokens.set_function(tokens)

    def watch_cache(self, bytes: Callable[[], int]) -> None:  # noqa: A002  it is what is counted
        """Ask this for the size of the cache whenever metrics are collected."""
        self._cache_bytes.set_function(bytes)

    def render(self) -> bytes:
        """Return all metrics in Prometheus' text format, version 0.0.4."""
        return generate_latest(self.registry)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"translator_{name}", text, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: Sequence[float]) -> Histogram:
        return Histogram(f"translator_{name}", text, buckets=buckets, registry=self.registry)

    def _counters(self, name: str, text: str, label: str, values: Sequence[str]) -> list[Counter]:
        # Every value is there from the start: rate() does not see a series come into being.
        counter = Counter(f"translator_{name}", text, [label], registry=self.registry)
        return [counter.labels(value) for value in values]

    def _describe(self, release: Release, engine: str) -> None:
        model = release.model
        Info("translator_model", "The model and the release that has it.", registry=self.registry).info(
            {
                "engine": engine,
                "model": model.name,
                "revision": model.revision,
                "sha256": model.sha256,
                "version": release.version,
                "tag": release.tag,
            }
        )
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
