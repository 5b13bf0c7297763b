"""A Flask application behind the real guard, with routes that say who was let in, and the keys to it."""

import time
from typing import Any

import jwt
import pytest
from flask import Flask, g, request
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from translator.access.guard import Guard, register
from translator.access.keys import entry
from translator.api import problem
from translator.body.limits import Limits
from translator.body.payload import is_form, read_form, read_json
from translator.settings import Settings
from unit.translator.service_process import MODEL

KEY = "tr_abc"
OTHER_KEY = "tr_def"
API_KEYS = f"{entry('web', KEY)},{entry('phone', OTHER_KEY)}"
SECRET = "a secret of thirty-two bytes, at least"  # noqa: S105
# Long before any test, long after it, and never near the leeway.
PAST, FUTURE = 1_000_000_000, 4_000_000_000
CHALLENGE = 'Bearer realm="translator"'
WORK = ("/translate", "/batch", "/v2/translate", "/v2/usage")
STATUS = ("/healthz", "/metrics", "/version")
OPEN = ("/", "/livez", "/readyz", "/docs", "/openapi.json", "/languages", "/assets/page.js")


NOON = 1_700_000_000.5  # 20.5 seconds into a minute, and not at the edge of anything


class Clock:
    """Stands still at `now`. The library `limits` asks time.time, and takes no other clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = NOON
        monkeypatch.setattr(time, "time", lambda: self.now)


class InterruptingClock(Clock):
    """Stands still too, and lets all other threads go ahead whenever one looks at it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def look() -> float:
            time.sleep(0.002)
            return self.now

        super().__init__(monkeypatch)
        monkeypatch.setattr(time, "time", look)


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


def token(
    claims: dict[str, Any] | None = None, key: Any = SECRET, algorithm: str = "HS256", **more: Any
) -> str:
    """A signed token that is good for decades; `claims` are added, or with None for a value left out."""
    merged = {"sub": "alice", "exp": FUTURE} | (claims or {})
    present = {name: value for name, value in merged.items() if value is not None}
    return jwt.encode(present, key, algorithm, **more)


def bearer(value: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {value}"}


def caller(response: TestResponse) -> object:
    """Who the guard let in."""
    assert response.status_code == 200, response.text
    return response.get_json()["caller"]


def assert_refused(response: TestResponse, status: int, words: str) -> None:
    """The answer is a problem that says this, and a 401 says how to send a credential."""
    problem_ = response.get_json()
    assert (response.status_code, response.content_type) == (status, problem.CONTENT_TYPE)
    assert words in problem_["detail"]
    assert problem_["error"] == problem_["detail"]
    challenge = response.headers.get("WWW-Authenticate", "")
    assert challenge.startswith(CHALLENGE) == (status == 401)
