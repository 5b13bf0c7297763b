"""POST /batch: many texts with ids; a bad item costs only itself its translation."""

from collections.abc import Sequence
from typing import Annotated

from flask import Blueprint, request
from pydantic import RootModel
from werkzeug.exceptions import BadRequest, HTTPException

from translator.api.intake import Intake
from translator.api.openapi import BODY_ERRORS, TRANSLATE, described
from translator.api.validation import MustBe, Shape, Text, read_shape, show
from translator.body import read_json

_ITEM = {"id": "001", "text": "北京天气很好。"}


class BatchItem(Shape, json_schema_extra={"examples": [_ITEM]}):
    """A text and the name that its translation is to have; two items may have the same."""

    id: Annotated[str | int, MustBe("a string or a whole number")]
    text: Annotated[Text, MustBe("a string")]


class BatchItems(
    RootModel[list[BatchItem]],
    json_schema_extra={"minItems": 1, "maxItems": "items", "examples": [[_ITEM, {"id": "002", "text": " "}]]},
):
    """The texts, each with its id."""


class BatchTranslation(Shape):
    """The translation of the item at the same place of the list."""

    id: str | int
    translation: str


class BatchError(Shape):
    """Why the item at the same place has no translation; `id` is null if it had none to give back."""

    id: str | int | None
    error: str


class BatchAnswers(
    RootModel[list[BatchTranslation | BatchError]],
    json_schema_extra={
        "examples": [
            [
                {"id": "001", "translation": "The weather in Beijing is nice."},
                {"id": "002", "error": '"text" is blank; there is nothing to translate.'},
            ]
        ]
    },
):
    """One answer for each item, in their order."""


def routes(intake: Intake) -> Blueprint:
    """POST /batch."""
    blueprint = Blueprint("batch", __name__)

    @blueprint.post("/batch")
    @described(TRANSLATE, BatchAnswers, BODY_ERRORS, json=BatchItems)
    def batch() -> list[dict[str, object]]:
        """Translate many texts.

        The answers stand in the order of the items and carry their ids: strings or whole numbers, as they
        came, the same twice if need be. An item that is wrong gets an `error` in words in place of its
        `translation`, and all others are translated.
        """
        items = _read_list(read_json(request, intake.limits))
        intake.count("The list", [_text(item) for item in items])
        checked = [_check(intake, item) for item in items]
        admitted = [item.text if isinstance(item, BatchItem) else "" for item in checked]
        intake.count("The list", admitted)  # again: composing can make texts longer
        return [answer.model_dump() for answer in _answer(intake, checked)]

    return blueprint


def _read_list(document: object) -> list[object]:
    if not isinstance(document, list):
        raise BadRequest(f"The body must be a JSON list; it must look like [{show(BatchItem)}].")
    return document


def _text(item: object) -> str:
    text = item.get("text") if isinstance(item, dict) else None
    return text if isinstance(text, str) else ""


def _check(intake: Intake, item: object) -> BatchItem | BatchError:
    try:
        read = read_shape(BatchItem, item, whole="item")
        return BatchItem(id=read.id, text=intake.admit_words('"text"', read.text))
    except HTTPException as error:
        return BatchError(id=_id(item), error=error.description or "")


def _id(item: object) -> str | int | None:
    found = item.get("id") if isinstance(item, dict) else None
    return found if isinstance(found, str | int) and not isinstance(found, bool) else None


def _answer(intake: Intake, checked: Sequence[BatchItem | BatchError]) -> list[BatchTranslation | BatchError]:
    good = [item.text for item in checked if isinstance(item, BatchItem)]
    translations = iter(intake.translate(good) if good else ())
    return [
        BatchTranslation(id=item.id, translation=next(translations)) if isinstance(item, BatchItem) else item
        for item in checked
    ]
