"""Hold a document against a model, and say in this service's words what does not fit."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.exceptions import BadRequest

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


@dataclass(frozen=True)
class MustBe:
    """What a member has to be, in words that go behind its name: `"text" must be a string`."""

    words: str


Text = Annotated[str, Field(json_schema_extra={"maxLength": "characters"})]
"""A text to translate; the description puts the limit in the place of its name."""

Texts = Annotated[list[Text], Field(fail_fast=True, json_schema_extra={"minItems": 1, "maxItems": "items"})]
"""Texts to translate."""


class Shape(BaseModel):
    """A JSON object that callers send or get; members that it does not name are ignored.

    One that callers send has `json_schema_extra={"examples": […]}` in the arguments of its class.
    """

    model_config = ConfigDict(strict=True, frozen=True)


def show(shape: type[BaseModel]) -> str:
    """Return what the shape looks like: its first example, as JSON."""
    extra: Any = shape.model_config["json_schema_extra"]
    return json.dumps(extra["examples"][0], ensure_ascii=False)


S = TypeVar("S", bound=Shape)


def read_shape(shape: type[S], document: object, whole: str = "body") -> S:
    """Return the document as a `shape`; raises BadRequest that shows what the `whole` must look like."""
    if not isinstance(document, dict):
        raise BadRequest(f"The {whole} must be a JSON object; it must look like {show(shape)}.")
    try:
        return shape.model_validate(document)
    except ValidationError as error:
        raise BadRequest(f"{_complaint(shape, error)}; the {whole} must look like {show(shape)}.") from None


def read_fields(shape: type[S], fields: dict[str, list[str]], lists: Iterable[str]) -> S:
    """Return the fields of a form as a `shape`: those in `lists` are lists, of the others the last counts.

    Raises BadRequest. Every value of a form is text, so `1` is read as true where that is wanted.
    """
    document = {name: values if name in lists else values[-1] for name, values in fields.items()}
    try:
        return shape.model_validate(document, strict=False)
    except ValidationError as error:
        raise BadRequest(f"{_complaint(shape, error)}.") from None


def _complaint(shape: type[Shape], error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    name = str(first["loc"][0])
    if first["type"] == "missing":
        return f'"{name}" is missing'
    return f'"{name}" must be {_wanted(shape, name, first)}'


def _wanted(shape: type[Shape], name: str, error: "ErrorDetails") -> str:
    words = [each.words for each in shape.model_fields[name].metadata if isinstance(each, MustBe)]
    return words[0] if words else error["msg"].removeprefix("Input should be ")
