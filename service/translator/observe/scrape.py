"""GET /metrics: what Prometheus collects."""

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from translator.observe.metrics import Metrics


def routes(metrics: Metrics) -> Blueprint:
    """The one route; its answer is in the text format whatever the request accepts."""
    blueprint = Blueprint("metrics", __name__)

    @blueprint.get("/metrics")
    def collect() -> Response:
        return Response(metrics.render(), content_type=CONTENT_TYPE_PLAIN_0_0_4)

    return blueprint
