"""POST /translate: one text in this service's own shape; "q" in the body makes it LibreTranslate's."""

from typing import Annotated, Literal

from flask import Blueprint, request
from pydantic import RootModel
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from translator.api import libretranslate
from translator.api.intake import Intake
from translator.api.libretranslate import LibreTranslate, LibreTranslated
from translator.api.openapi import BODY_ERRORS, TRANSLATE, described
from translator.api.validation import MustBe, Shape, Text, read_shape
from translator.body import is_form, read_form, read_json
from translator.release import Release

_ASKED = {"text": "北京天气很好。"}
_SAID = "The weather in Beijing is nice."


class Translate(Shape, json_schema_extra={"examples": [_ASKED]}):
    """One text, of several lines if need be."""

    text: Annotated[Text, MustBe("a string")]


class Translated(Shape):
    """The translation, twice: `result` is for callers that expect it there."""

    translation: str
    success: Literal[True]
    result: str
    release: str


class TranslateRequest(
    RootModel[Translate | LibreTranslate],
    json_schema_extra={"examples": [_ASKED, libretranslate.ASKED]},
):
    """This service's own shape, or LibreTranslate's."""


class TranslateAnswer(
    RootModel[Translated | LibreTranslated],
    json_schema_extra={
        "examples": [
            {"translation": _SAID, "success": True, "result": _SAID, "release": "v1.2.0-abc12de"},
            libretranslate.ANSWERED,
        ]
    },
):
    """In the shape of the request."""


def routes(intake: Intake, release: Release) -> Blueprint:
    """POST /translate."""
    blueprint = Blueprint("translate", __name__)

    @blueprint.post("/translate")
    @described(TRANSLATE, TranslateAnswer, (*BODY_ERRORS, 422), json=TranslateRequest, form=LibreTranslate)
    def translate() -> dict[str, object]:
        """Translate one text.

        Lines, blank lines and indentation stay as they are; control characters are dropped. A body with
        `q` instead of `text` is taken as LibreTranslate's and answered in its shape: `source` is `zh` or
        `auto`, `target` is `en`, `format` is `text`; a form will do as well.
        """
        if is_form(request):
            return _answer_form(intake)
        document = read_json(request, intake.limits)
        if isinstance(document, dict) and "q" in document:
            return _answer_libretranslate(intake, document)
        text = read_shape(Translate, document).text
        [translation] = intake.translate([intake.admit_words('"text"', text)])
        answer = Translated(translation=translation, success=True, result=translation, release=release.tag)
        return answer.model_dump()

    return blueprint


def _answer_form(intake: Intake) -> dict[str, object]:
    fields = read_form(request, intake.limits)
    if "q" not in fields:
        raise UnsupportedMediaType(
            'The Content-Type must be application/json; of forms, only those with "q" are read.'
        )
    return libretranslate.answer(intake, libretranslate.read_request(fields))


def _answer_libretranslate(intake: Intake, document: dict[str, object]) -> dict[str, object]:
    if "text" in document:
        raise BadRequest('"text" and "q" exclude each other: "q" asks for LibreTranslate\'s answer.')
    return libretranslate.answer(intake, read_shape(LibreTranslate, document))
