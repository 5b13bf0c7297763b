"""The paths that operators and browsers ask, in the order of their description."""

from typing import Any

from translator.api.description.operations import Example, Operation, Section
from translator.api.description.status_shapes import Alive, Health, Ready, Version


def _get(path: str, summary: str, description: str, answer: Any, **more: Any) -> Operation:
    return Operation("get", path, summary, description, answer, **more)


STATUS = Section(
    "Status",
    "For operators, proxies and monitoring.",
    (
        _get(
            "/livez",
            "Is the process alive?",
            "Always, while it can answer.",
            Alive,
            examples=(Example("Alive", None, {"status": "alive"}),),
        ),
        _get(
            "/readyz",
            "Is it ready for requests?",
            "Once the model is loaded and has translated, until the service is told to stop.",
            Ready,
            examples=(Example("Ready", None, {"status": "ready"}),),
            errors=(503,),
        ),
        _get("/healthz", "How is it?", "Ready, and what it uses.", Health, errors=(503,)),
        _get("/version", "What is it?", "The release, its image, its model and its dependencies.", Version),
        _get("/metrics", "What has it done?", "Figures in the text format of Prometheus.", "text/plain"),
    ),
)
PAGES = Section(
    "Pages",
    "For readers and their browsers.",
    (
        _get("/", "The page", "Chinese on the one side, English on the other.", "text/html"),
        _get("/docs", "This description, to read", "One page, without scripts.", "text/html"),
        _get("/openapi.json", "This description, for programs", "OpenAPI 3.1.", dict[str, Any]),
    ),
)
