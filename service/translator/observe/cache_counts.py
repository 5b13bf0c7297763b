"""Counts what the cache knew, and exports hits, misses and their ratio as of one moment."""

import threading
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


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
        """The counters, and hits / (hits + misses) since the start; 0 before the first look."""
        with self._lock:
            hits, misses = self._hits, self._misses
        yield CounterMetricFamily("translator_cache_hits", "Sentences found in the cache.", hits)
        yield CounterMetricFamily("translator_cache_misses", "Sentences not found in the cache.", misses)
        yield GaugeMetricFamily(
            "translator_cache_hit_ratio",
            "Part of the sentences found in the cache since the start, 0 to 1.",
            hits / (hits + misses or 1),
        )
