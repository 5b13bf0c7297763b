"""Describes the answers: what each status means, and the headers that come with it."""

from collections.abc import Iterable
from typing import Any, Literal

from translator.api.validation import Shape
from translator.problems import CONTENT_TYPE

Json = dict[str, Any]

_CREDENTIALS = "The credentials are missing or wrong."
_MEANINGS = {
    400: "The request is not what it must be; `detail` says what is wrong and what would be right.",
    401: _CREDENTIALS,
    403: _CREDENTIALS,  # in DeepL's shape
    413: "A text, all texts together, or the body is too long.",
    415: "The body is neither JSON nor what else is read here, or it is not in UTF-8, or it is compressed.",
    422: "A text holds a blocked word.",
    429: "The caller has used up what it may ask for; see `Retry-After`.",
    503: "The model is being loaded, or too much is waiting already; see `Retry-After`.",
    504: "The translation took longer than a request may.",
}
_HEADERS = {
    "X-Release": "The release that answers.",
    "X-Request-ID": "The name of this request in the log; a caller may choose it by sending this header.",
    "Retry-After": "Seconds after which to try again.",
    "RateLimit": "What is left of the quota, and the seconds until it is renewed.",
    "RateLimit-Policy": "The quota: requests, and the window in seconds.",
    "WWW-Authenticate": "How to send credentials.",
}
_ALWAYS = ("X-Release", "X-Request-ID")
_WITH_ERROR = {401: ("WWW-Authenticate",), 429: ("Retry-After",), 503: ("Retry-After",)}


class Problem(Shape):
    """An error as RFC 9457 has it; `error` is `detail` again, for clients that look for it there."""

    type: Literal["about:blank"]
    title: str
    status: int
    detail: str
    error: str


def headers() -> Json:
    """All headers, by name."""
    return {name: {"description": words, "schema": {"type": "string"}} for name, words in _HEADERS.items()}


def success(content_type: str, content: Json, limited: bool) -> Json:
    """The answer 200; `limited`: a quota stands over the request."""
    quota = ("RateLimit", "RateLimit-Policy") if limited else ()
    return {
        "description": "The answer.",
        "headers": _refer_to(_ALWAYS + quota),
        "content": {content_type: content},
    }


def error(status: int, limited: bool) -> Json:
    """An answer that is a problem."""
    quota = ("RateLimit", "RateLimit-Policy") if limited and status == 429 else ()
    return {
        "description": _MEANINGS[status],
        "headers": _refer_to(_ALWAYS + _WITH_ERROR.get(status, ()) + quota),
        "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _refer_to(names: Iterable[str]) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
