"""Counts and times HTTP requests by the route that answered them."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

# The route of a request that no URL rule matches. A raw path would let callers make time series.
UNMATCHED = "unmatched"

_OTHER = "other"  # of a method that HTTP does not define
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30)


class RequestCounts:
    """Requests by route, method and status, and their time by route; safe from any thread."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.in_flight = Gauge(
            "translator_http_requests_in_flight", "Requests without an answer yet.", registry=registry
        )
        self._requests = Counter(
            "translator_http_requests_total",
            "Requests that were answered.",
            ["route", "method", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "translator_http_request_duration_seconds",
            "Time from a request's head to its answer.",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        )
        # labels() takes a lock and makes strings, so each combination goes there once.
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def add(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one answer; `route` is a URL rule or UNMATCHED."""
        key = route, method if method in _METHODS else _OTHER, status
        counter, timer = self._known.get(key) or self._remember(key)
        counter.inc()
        timer.observe(seconds)

    def add_malformed(self, status: int) -> None:
        """Count an answer to what could not be parsed: it has no route, no method and no time."""
        self._requests.labels(UNMATCHED, _OTHER, str(int(status))).inc()

    def _remember(self, key: tuple[str, str, int]) -> tuple[Counter, Histogram]:
        route, method, status = key
        children = self._requests.labels(route, method, str(status)), self._seconds.labels(route)
        self._known[key] = children
        return children
