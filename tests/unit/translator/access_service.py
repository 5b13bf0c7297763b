"""A Flask application behind the real guard, with routes that say who was let in."""

from typing import Any

import pytest
from flask import Flask, g, request
from flask.testing import FlaskClient

from translator.access.guard import Guard, register
from translator.api import problem
from translator.body import Limits, is_form, read_form, read_json
from translator.settings import Settings
from unit.translator.access_credentials import API_KEYS, SECRET
from unit.translator.service_process import MODEL

WORK = ("/translate", "/batch", "/v2/translate", "/v2/usage")
STATUS = ("/healthz", "/metrics", "/version")
OPEN = ("/", "/livez", "/readyz", "/docs", "/openapi.json", "/languages", "/assets/page.js")
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def make_settings(**chosen: Any) -> Settings:
    return Settings(model_dir=MODEL, **chosen)


def make_client(**chosen: Any) -> FlaskClient:
    """An application with these settings; its routes answer with the caller and the body."""
    settings = make_settings(**chosen)
    limits = Limits.from_settings(settings)
    app = Flask(__name__, static_folder=None)
    problem.register(app)
    register(app, Guard.from_settings(settings))

    def answer(**_: str) -> dict[str, object]:
        has_body = request.method == "POST" and bool(request.mimetype)
        read = read_form if is_form(request) else read_json
        return {"caller": g.get("caller"), "body": read(request, limits) if has_body else None}

    for path in (*WORK, *STATUS, *OPEN[:-1], "/assets/<path:filename>"):
        app.add_url_rule(path, path, answer, methods=["GET", "POST"])
    return app.test_client()


@pytest.fixture(scope="module")
def guarded_client() -> FlaskClient:
    """Lets in the two keys and any `good_token`; a module makes it its own by `client = guarded_client`."""
    return make_client(api_keys=API_KEYS, jwt_secret=SECRET, jwt_audience="translator")
