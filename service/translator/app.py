"""Put the routes, the page and the headers of every answer together."""

import hashlib
from pathlib import Path

from flask import Flask, Response, render_template, send_from_directory
from flask.json.provider import DefaultJSONProvider
from werkzeug.security import safe_join

from translator import status
from translator.access import guard as access
from translator.api import batch, deepl, libretranslate, openapi, problem, translate
from translator.api.intake import Intake
from translator.api.refusal import Refusing
from translator.observe import requests
from translator.parts import Parts


class WithAssets(Flask):
    """Flask, with other ETags for static files.

    Flask makes them of a file's time and size. In an image the files of the page have the same time in
    every release (they lie in a layer that releases share), and two files may have the same size.
    """

    def send_static_file(self, filename: str) -> Response:
        """As Flask does; raises NotFound for what there is not."""
        folder = self.static_folder or ""
        path = safe_join(folder, filename)
        found = path is not None and Path(path).is_file()
        etag = hashlib.sha256(Path(path).read_bytes()).hexdigest() if found and path else True
        response = send_from_directory(folder, filename, etag=etag)
        response.headers.pop("Last-Modified", None)
        return response


# The page needs its own files and its own API, and nothing else of a browser's powers.
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class _Json(DefaultJSONProvider):
    ensure_ascii = False
    sort_keys = False


def create_app(parts: Parts) -> Flask:
    """Return the WSGI application; it answers /livez at once, and translates once the lifecycle is ready."""
    app = WithAssets(
        __name__,
        static_folder="page/assets",
        static_url_path="/assets",
        template_folder="page",
    )
    app.json = _Json(app)
    problem.register(app)
    headers = {
        "X-Release": parts.release.tag,
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
    }
    app.wsgi_app = Refusing(app.wsgi_app, parts.lifecycle, headers)  # type: ignore[method-assign]
    requests.register(app, parts.metrics, parts.settings.access_log)  # sees also what the guard refuses
    access.register(app, parts.guard)
    intake = Intake(parts.guard.limits, parts.blocked, parts.lifecycle)
    app.register_blueprint(translate.routes(intake, parts.release))
    app.register_blueprint(libretranslate.routes())
    app.register_blueprint(batch.routes(intake))
    app.register_blueprint(deepl.routes(intake))
    app.register_blueprint(status.routes(parts.release, parts.lifecycle, parts.metrics))
    _add_page(app, parts)
    openapi.register(app, parts.guard, parts.release)

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.update(headers)
        return response

    return app


def _add_page(app: Flask, parts: Parts) -> None:
    @app.get("/")
    @openapi.described(openapi.PAGES, None)
    def page() -> str:
        """The page.

        Chinese on the one side, English on the other.
        """
        limit = parts.settings.max_characters
        return render_template("index.html", release=parts.release.tag, max_characters=limit)
