"""Answer what operators and the release tool ask: is it alive, is it ready, what is it."""

import platform
import time
from dataclasses import asdict
from functools import cache
from importlib.metadata import distributions

from flask import Blueprint
from packaging.utils import canonicalize_name

from translator.container import CpuMeter, memory_limit, memory_percent
from translator.lifecycle import Lifecycle
from translator.release import Release


@cache
def find_installed() -> dict[str, str]:
    """Return versions by normalised name; the first on sys.path wins, as it does in imports.

    Cached because it reads one file per distribution, and none can change in a read-only image.
    """
    versions: dict[str, str] = {}
    for distribution in distributions():
        versions.setdefault(canonicalize_name(distribution.name), distribution.version)
    return dict(sorted(versions.items()))


def routes(release: Release, lifecycle: Lifecycle) -> Blueprint:
    """GET /livez, /readyz, /healthz and /version."""
    blueprint = Blueprint("status", __name__)
    started = time.monotonic()
    meter = CpuMeter()
    limit = memory_limit()

    @blueprint.get("/livez")
    def livez() -> dict[str, str]:
        return {"status": "alive"}

    @blueprint.get("/readyz")
    def readyz() -> dict[str, str]:
        lifecycle.require_ready()
        return {"status": "ready"}

    @blueprint.get("/healthz")
    def healthz() -> dict[str, object]:
        lifecycle.require_ready()
        return {
            "status": "healthy",
            "uptime": round(time.monotonic() - started, 1),
            "versions": _versions(release),
            "cpu_percent": meter.percent(),
            "memory_percent": memory_percent(limit),
        }

    @blueprint.get("/version")
    def version() -> dict[str, object]:
        return asdict(release) | {"dependencies": find_installed()}

    return blueprint


def _versions(release: Release) -> dict[str, str]:
    installed = find_installed()
    libraries = ("ctranslate2", "flask", "gunicorn", "sentencepiece")
    return {
        "translator": release.version,
        "model": release.model.revision,
        "python": platform.python_version(),
    } | {name: installed[name] for name in libraries if name in installed}
