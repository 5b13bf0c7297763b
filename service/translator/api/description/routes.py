"""GET /openapi.json and GET /docs: what the API is, for programs and for readers."""

import json
from functools import partial
from typing import Any

from flask import Blueprint, Response, render_template, request

from translator.api.description.deepl import DEEPL
from translator.api.description.openapi import describe
from translator.api.description.own import own_section
from translator.api.description.status import PAGES, STATUS
from translator.api.description.words import words
from translator.api.description.writer import Access
from translator.body import Limits
from translator.release import Release
from translator.settings import Settings

_dumps = partial(json.dumps, ensure_ascii=False)


def routes(settings: Settings, release: Release) -> Blueprint:
    """GET /openapi.json and GET /docs; both say what holds under these settings."""
    blueprint = Blueprint("description", __name__)
    document = _describe(settings, release)
    body = _dumps(document)

    @blueprint.get("/openapi.json")
    def openapi() -> Response:
        return Response(body, content_type="application/json")

    @blueprint.get("/docs")
    def docs() -> str:
        return render_template(
            "docs.html", document=document, host=request.host_url.rstrip("/"), words=words, dumps=_dumps
        )

    return blueprint


def _describe(settings: Settings, release: Release) -> dict[str, Any]:
    access = Access(
        credentials=bool(settings.api_keys or settings.jwt_secret or settings.jwt_public_key),
        open_status=settings.open_status,
        limited=bool(settings.rate_limit),
    )
    sections = (own_section(release), DEEPL, STATUS, PAGES)
    return describe(sections, release, Limits.from_settings(settings), access)
