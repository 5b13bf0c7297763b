"""Describe the API, from the routes and their shapes: /openapi.json for programs, /docs for readers."""

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import cache, partial
from typing import Any, Literal, TypeVar, cast

from flask import Blueprint, Flask, render_template, request
from flask import Response as Answer
from spectree import Response, SpecTree
from spectree.models import Tag

from translator.access.guard import Guard, Room, refusal
from translator.api.validation import Shape
from translator.problems import CONTENT_TYPE
from translator.release import Release

Json = dict[str, Any]
View = TypeVar("View", bound=Callable[..., Any])

TRANSLATE = Tag(name="Translate", description="This service's own shape, and LibreTranslate's.")
DEEPL = Tag(name="DeepL", description="What DeepL's clients need.")
STATUS = Tag(name="Status", description="For operators, proxies and monitoring.")
PAGES = Tag(name="Pages", description="For readers and their browsers.")
BODY_ERRORS = (400, 413, 415, 503, 504)
"""The statuses with which a body may be refused that is to be translated."""

_DESCRIPTION = """\
Translates Chinese into English. As long as the release is the same, the same text gives the same translation.
Bodies are JSON in UTF-8; every error is `application/problem+json` with a sentence in `detail`.
A text may have {characters:,} characters; a request, {items:,} texts with {total_characters:,} characters.
"""
_CREDENTIALS = "The credentials are missing or wrong."
_MEANINGS = {
    "200": "The answer.",
    "400": "The request is not what it must be; `detail` says what is wrong and what would be right.",
    "401": _CREDENTIALS,
    "403": _CREDENTIALS,  # in DeepL's shape
    "413": "A text, all texts together, or the body is too long.",
    "415": "The body is neither JSON nor what else is read here, or it is not in UTF-8, or it is compressed.",
    "422": "A text holds a blocked word.",
    "429": "The caller has used up what it may ask for; see `Retry-After`.",
    "500": "The service made a mistake; the request is not at fault.",
    "503": "The model is being loaded, or too much is waiting already; see `Retry-After`.",
    "504": "The translation took longer than a request may.",
}
_HEADERS = {
    "X-Release": "The release that answers.",
    "X-Request-ID": "The name of this request in the log; a caller may choose it by sending this header.",
    "Retry-After": "Seconds after which to try again.",
    "RateLimit": "What is left of the quota, and the seconds until it is renewed.",
    "RateLimit-Policy": "The quota: requests, and the window in seconds.",
    "WWW-Authenticate": "How to send credentials.",
}
_WITH_ERROR = {"401": ("WWW-Authenticate",), "429": ("Retry-After",), "503": ("Retry-After",)}
_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key or a token (JWT)."},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "An API key."},
}
_dumps = partial(json.dumps, ensure_ascii=False)


class Problem(Shape):
    """An error as RFC 9457 has it; `error` is `detail` again, for clients that look for it there."""

    type: Literal["about:blank"]
    title: str
    status: int
    detail: str
    error: str


def described(tag: Tag, answer: Any, errors: tuple[int, ...] = (), **asked: Any) -> Callable[[View], View]:
    """Describe a route by its docstring, the shape of its answer and its own errors; it stays as it is.

    `answer`: None where it is not JSON. `asked`: shapes of `json`, `form` or `query`.
    """

    def note(view: View) -> View:
        response = Response(HTTP_200=answer, **{f"HTTP_{status}": Problem for status in errors})
        view.shapes = {"resp": response, "tags": [tag], **asked}  # type: ignore[attr-defined]
        return view

    return note


def register(app: Flask, guard: Guard, release: Release) -> None:
    """Add GET /openapi.json and GET /docs, once `app` has all other routes."""
    blueprint = Blueprint("api", __name__)

    @cache
    def document() -> Json:
        """Make it on the first request for it: no start waits for that."""
        return describe(app, guard, release)

    @blueprint.get("/openapi.json")
    @described(PAGES, None)
    def openapi() -> Answer:
        """This description, for programs.

        OpenAPI 3.1.
        """
        return Answer(_dumps(document()), content_type="application/json")

    @blueprint.get("/docs")
    @described(PAGES, None)
    def docs() -> str:
        """This description, to read.

        One page, without scripts.
        """
        host = request.host_url.rstrip("/")
        return render_template("docs.html", document=document(), host=host, dumps=_dumps)

    app.register_blueprint(blueprint)


def describe(app: Flask, guard: Guard, release: Release) -> Json:
    """Return the description of all routes of `app`, as they answer behind this guard."""
    document = _generate(app)
    figures = asdict(guard.limits)
    document["info"] = {
        "title": "Translator",
        "version": release.version,
        "description": _DESCRIPTION.format(**figures),
    }
    document["servers"] = [{"url": "/"}]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            name = path.removesuffix(".json").strip("/").replace("/", "_") or "page"
            operation["operationId"] = f"{method}_{name}"
            _complete(operation, path, guard)
    headers = {name: {"description": words, "schema": {"type": "string"}} for name, words in _HEADERS.items()}
    document["components"]["headers"] = headers
    document["components"]["securitySchemes"] = _SCHEMES if guard.callers.are_known else {}
    return cast(Json, _with_limits(document, figures))


def _generate(app: Flask) -> Json:
    """Return what the routes say of themselves. No request goes through spectree, but these views of it."""
    # Every operation has the answer of a failed validation. The service validates by itself: it is a 500.
    spec = SpecTree(
        "flask",
        mode="strict",
        annotations=False,
        validation_error_status=500,
        validation_error_model=Problem,
        naming_strategy=lambda shape: shape.__name__,
        nested_naming_strategy=lambda _parent, shape: shape,
    )
    shown = Flask(__name__)
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if shapes := getattr(view, "shapes", None):
            shown.add_url_rule(rule.rule, rule.endpoint, spec.validate(**shapes)(view), methods=rule.methods)
    with shown.app_context():
        return cast(Json, spec.spec)


def _complete(operation: Json, path: str, guard: Guard) -> None:
    """Add what the shapes do not know: who may ask, the headers, and the types of what is no JSON."""
    room = guard.room(path)
    asked = guard.callers.are_known and room is not Room.OPEN
    quota = ("RateLimit", "RateLimit-Policy") if guard.quota and room is Room.WORK else ()
    responses = operation["responses"]
    if room is not Room.OPEN:
        responses["400"] = {}  # a credential in the query string
    if asked:
        responses[str(refusal(path).value)] = {}
        operation["security"] = [{scheme: []} for scheme in _SCHEMES]
    if quota:
        responses["429"] = {}
    for status, response in responses.items():
        more = quota if status in ("200", "429") else ()
        names = ("X-Release", "X-Request-ID", *_WITH_ERROR.get(status, ()), *more)
        response["description"] = _MEANINGS[status]
        response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
        if status != "200":
            response["content"] = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    operation["responses"] = dict(sorted(responses.items()))
    content = operation.get("requestBody", {}).get("content", {})
    if "multipart/form-data" in content:
        content["application/x-www-form-urlencoded"] = content.pop("multipart/form-data")


def _with_limits(schema: Any, figures: dict[str, int]) -> Any:
    """Put figures where the shapes, which know no settings, have the name of a limit."""
    if isinstance(schema, list):
        return [_with_limits(each, figures) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: figures[value] if name in ("maxLength", "maxItems") else _with_limits(value, figures)
        for name, value in schema.items()
    }
