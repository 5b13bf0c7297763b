"""Puts the routes, the page and the headers of every answer together."""

from flask import Flask, Response, render_template
from flask.json.provider import DefaultJSONProvider

from translator import problem, status, translate
from translator.lifecycle import Lifecycle
from translator.release import Release
from translator.settings import Settings

# The page needs its own files and its own API, and nothing else of a browser's powers.
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class _Json(DefaultJSONProvider):
    ensure_ascii = False
    sort_keys = False


def create_app(settings: Settings, release: Release, lifecycle: Lifecycle) -> Flask:
    """The WSGI application; it answers /livez at once, and translates once `lifecycle` is ready."""
    app = Flask(
        __name__,
        static_folder="page/assets",
        static_url_path="/assets",
        template_folder="page",
    )
    app.json = _Json(app)
    app.register_blueprint(status.routes(release, lifecycle))
    app.register_blueprint(translate.routes(settings, release, lifecycle))
    problem.register(app)

    @app.get("/")
    def page() -> str:
        return render_template("index.html", release=release.tag, max_characters=settings.max_characters)

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers["X-Release"] = release.tag
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Content-Security-Policy"] = _CONTENT_SECURITY_POLICY
        return response

    return app
