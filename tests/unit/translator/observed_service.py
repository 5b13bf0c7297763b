"""A small service with a route for everything that can become of a request, watched as the real one is."""

import contextlib
import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

from flask import Flask, Response, abort, g, request
from prometheus_client.parser import text_string_to_metric_families as parse

from translator.observe import logs, requests
from translator.observe.metrics import Metrics
from translator.release import UNKNOWN

WORDS = "我的秘密"
RELEASE = "v1.1.0-abc12de"


def observed(access_log: bool = True) -> tuple[Flask, Metrics]:
    """The application and its metrics."""
    app = Flask(__name__)
    metrics = Metrics(UNKNOWN, "ctranslate2")
    requests.register(app, metrics, access_log)
    app.add_url_rule("/metrics", view_func=metrics.render)
    _guard(app)
    _add_routes(app)
    return app, metrics


@contextlib.contextmanager
def logged() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Gives a function that returns the objects of the lines logged since it was last called."""
    stream = io.StringIO()
    handler = logs.LineHandler(stream)
    handler.setFormatter(logs.LineFormatter(RELEASE))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)

    def lines() -> list[dict[str, Any]]:
        text = stream.getvalue()
        stream.seek(0)
        stream.truncate()
        assert text.isascii()
        assert text.replace("\n", "").isprintable()
        assert text == "" or text.endswith("\n")
        return [json.loads(line) for line in text.splitlines()]

    try:
        yield lines
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def samples(text: str, name: str) -> dict[str, float]:
    """Values of a metric by their labels' values, in the order of the labels' names: `POST /read 200`."""
    found = [sample for family in parse(text) for sample in family.samples if sample.name == name]
    return {
        " ".join(sample.labels[label] for label in sorted(sample.labels)): sample.value for sample in found
    }


def _guard(app: Flask) -> None:
    @app.before_request
    def guard() -> None:
        credential = request.headers.get("Authorization", "")
        g.caller = credential.removeprefix("Name ") if credential.startswith("Name ") else None
        if credential == "wrong":
            abort(401)
        if credential == "often":
            abort(429)


def _add_routes(app: Flask) -> None:
    @app.get("/livez")
    def livez() -> dict[str, str]:
        return {"status": "alive"}

    @app.post("/read")
    def read() -> dict[str, int]:
        g.characters = len(request.get_data(as_text=True))
        return {"characters": g.characters}

    @app.get("/items/<name>")
    def item(name: str) -> tuple[str, int]:
        return "", 204

    @app.get("/fails")
    def fails() -> str:
        try:
            return str(int(WORDS))
        except ValueError as error:
            raise LookupError(WORDS) from error

    @app.get("/stops")
    def stops() -> str:
        raise SystemExit(WORDS)

    @app.get("/breaks")
    def breaks() -> Response:
        def body() -> Iterator[bytes]:
            yield b"begun"
            raise ValueError(WORDS)

        return Response(body())
