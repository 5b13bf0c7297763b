"""The members of every error, whoever sends it (RFC 9457)."""

from http import HTTPStatus

CONTENT_TYPE = "application/problem+json"


def members(status: int, detail: str) -> dict[str, object]:
    """Return a problem without a type of its own; `error` repeats the sentence for simple clients."""
    phrase = HTTPStatus(status).phrase
    return {"type": "about:blank", "title": phrase, "status": int(status), "detail": detail, "error": detail}
