"""Answer what operators and the release tool ask: is it alive, is it ready, what is it, what has it done."""

import platform
import time
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import distributions
from typing import Literal

from flask import Blueprint, Response
from packaging.utils import canonicalize_name
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from translator.api.openapi import STATUS, described
from translator.api.validation import Shape
from translator.container import CpuMeter, memory_limit, memory_percent
from translator.lifecycle import Lifecycle
from translator.observe.metrics import Metrics
from translator.release import Release


class Alive(Shape, json_schema_extra={"examples": [{"status": "alive"}]}):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Ready(Shape, json_schema_extra={"examples": [{"status": "ready"}]}):
    """The model is loaded and has translated."""

    status: Literal["ready"] = "ready"


class Health(Shape):
    """`uptime` in seconds, `cpu_percent` of one CPU, `memory_percent` of the memory limit."""

    status: Literal["healthy"] = "healthy"
    uptime: float
    versions: dict[str, str]
    cpu_percent: float
    memory_percent: float


@dataclass(frozen=True)
class Version(Release):
    """What was released, and the distributions that it can import, by name."""

    dependencies: dict[str, str]


def routes(release: Release, lifecycle: Lifecycle, metrics: Metrics) -> Blueprint:
    """GET /livez, /readyz, /healthz, /version and /metrics."""
    blueprint = Blueprint("status", __name__)
    started = time.monotonic()
    meter = CpuMeter()
    limit = memory_limit()

    @blueprint.get("/livez")
    @described(STATUS, Alive)
    def livez() -> dict[str, object]:
        """Is the process alive?

        Always, while it can answer.
        """
        return Alive().model_dump()

    @blueprint.get("/readyz")
    @described(STATUS, Ready, (503,))
    def readyz() -> dict[str, object]:
        """Is it ready for requests?

        Once the model is loaded and has translated, until the service is told to stop.
        """
        lifecycle.require_ready()
        return Ready().model_dump()

    @blueprint.get("/healthz")
    @described(STATUS, Health, (503,))
    def healthz() -> dict[str, object]:
        """How is it?

        Ready, and what it uses.
        """
        lifecycle.require_ready()
        return Health(
            uptime=round(time.monotonic() - started, 1),
            versions=_versions(release),
            cpu_percent=meter.percent(),
            memory_percent=memory_percent(limit),
        ).model_dump()

    @blueprint.get("/version")
    @described(STATUS, Version)
    def version() -> dict[str, object]:
        """What is it?

        The release, its image, its model and its dependencies.
        """
        return asdict(release) | {"dependencies": find_installed()}

    @blueprint.get("/metrics")
    @described(STATUS, None)
    def collect() -> Response:
        """What has it done?

        Figures in the text format of Prometheus.
        """
        return Response(metrics.render(), content_type=CONTENT_TYPE_PLAIN_0_0_4)

    return blueprint


@cache
def find_installed() -> dict[str, str]:
    """Return versions by normalised name; the first on sys.path wins, as it does in imports.

    Cached because it reads one file per distribution, and none can change in a read-only image.
    """
    versions: dict[str, str] = {}
    for distribution in distributions():
        versions.setdefault(canonicalize_name(distribution.name), distribution.version)
    return dict(sorted(versions.items()))


def _versions(release: Release) -> dict[str, str]:
    installed = find_installed()
    libraries = ("ctranslate2", "flask", "sentencepiece", "uvicorn")
    return {
        "translator": release.version,
        "model": release.model.revision,
        "python": platform.python_version(),
    } | {name: installed[name] for name in libraries if name in installed}
