"""What operators and the release tool ask: is it alive, is it ready, what is it."""

import platform
import time
from dataclasses import asdict

from flask import Blueprint

from translator import container, dependencies, usage
from translator.lifecycle import Lifecycle
from translator.release import Release


def routes(release: Release, lifecycle: Lifecycle) -> Blueprint:
    """GET /livez, /readyz, /healthz and /version."""
    blueprint = Blueprint("status", __name__)
    started = time.monotonic()
    meter = usage.CpuMeter()
    memory_limit = container.memory_limit()

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
            "memory_percent": usage.memory_percent(memory_limit),
        }

    @blueprint.get("/version")
    def version() -> dict[str, object]:
        return asdict(release) | {"dependencies": dependencies.installed()}

    return blueprint


def _versions(release: Release) -> dict[str, str]:
    installed = dependencies.installed()
    libraries = ("ctranslate2", "flask", "sentencepiece", "uvicorn")
    return {
        "translator": release.version,
        "model": release.model.revision,
        "python": platform.python_version(),
    } | {name: installed[name] for name in libraries if name in installed}
