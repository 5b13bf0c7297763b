"""POST /batch: many texts with ids; a bad item costs only itself its translation."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

from flask import Blueprint, request
from pydantic import Field
from werkzeug.exceptions import BadRequest, HTTPException

from translator.api.intake import Intake
from translator.api.validation import MustBe, Shape, Text, read_shape
from translator.body import read_json

_EXAMPLE = '[{"id": "001", "text": "你好"}]'


class BatchItem(Shape):
    """A text and the name that its translation is to have; two items may have the same."""

    example: ClassVar[str] = '{"id": "001", "text": "你好"}'
    id: Annotated[str | int, MustBe("a string or a whole number")]
    text: Annotated[Text, MustBe("a string")]


BatchItems = Annotated[list[BatchItem], Field(json_schema_extra={"minItems": 1, "maxItems": "items"})]


class BatchTranslation(Shape):
    """The translation of the item at the same place of the list."""

    id: str | int
    translation: str


class BatchError(Shape):
    """Why the item at the same place has no translation; `id` is null if it had none to give back."""

    id: str | int | None
    error: str


def routes(intake: Intake) -> Blueprint:
    """POST /batch."""
    blueprint = Blueprint("batch", __name__)

    @blueprint.post("/batch")
    def batch() -> list[dict[str, object]]:
        items = _read_list(read_json(request, intake.limits))
        intake.count("The list", [_text(item) for item in items])
        checked = [_check(intake, item) for item in items]
        admitted = [item.text if isinstance(item, BatchItem) else "" for item in checked]
        intake.count("The list", admitted)  # again: composing can make texts longer
        return [answer.model_dump() for answer in _answer(intake, checked)]

    return blueprint


def _read_list(document: object) -> list[object]:
    if not isinstance(document, list):
        raise BadRequest(f"The body must be a JSON list; it must look like {_EXAMPLE}.")
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
