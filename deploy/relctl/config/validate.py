"""Validating a document against a model, with errors as `file:line: key.path: problem; correct form`."""

import difflib
from typing import Any, ClassVar, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from relctl.config.document import Document, KeyPath, dotted
from relctl.errors import ConfigError


class Section(BaseModel):
    """A section of a configuration file: immutable; unknown keys are errors.

    Values below the keys in `secret` never appear in messages.
    """

    secret: ClassVar[frozenset[str]] = frozenset()
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


Model = TypeVar("Model", bound=Section)
# The type of errors about values that may be secret: the message does not repeat them.
WITHHELD = "withheld"
_A_SECRET = 6  # characters; a shorter value may occur in the message by chance


def validate(document: Document, model: type[Model]) -> Model:
    """Return `document` as `model`; raises ConfigError listing every wrong line."""
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        lines = [_describe(document, model, detail) for detail in error.errors()]
        raise ConfigError("\n".join(dict.fromkeys(lines))) from None


def _describe(document: Document, model: type[BaseModel], detail: Any) -> str:
    loc = detail["loc"]
    variable = next((name for laid, name in document.overrides.items() if loc[: len(laid)] == laid), "")
    if variable:
        inside = "" if loc in document.overrides else f"{dotted(loc)}: "
        return f"{variable}: {inside}{_reason(document, model, loc, detail)}"
    where = _known(document, detail["loc"])
    if detail["type"] == "missing":
        where = (*where, detail["loc"][-1])
    return f"{document.place(where)}: {_reason(document, model, where, detail)}"


def _known(document: Document, loc: KeyPath) -> KeyPath:
    """Drop the parts of a pydantic location that are no keys of the file (names of union members)."""
    where: KeyPath = ()
    for part in loc:
        if (*where, part) in document.lines:
            where = (*where, part)
    return where


def _reason(document: Document, model: type[BaseModel], where: KeyPath, detail: Any) -> str:
    kind, value = detail["type"], detail["input"]
    told = not may_be_secret(document, model, where)
    if kind == "missing":
        return "this key is missing"
    if kind == "extra_forbidden":
        return _unknown_key(model, where)
    if kind == "string_type" and isinstance(value, int | float) and not isinstance(value, bool):
        raw = document.raw.get(where, value)
        if not told:
            return "is read as a number; write it in quotes"
        return f'{raw} is read as the number {value}; write it in quotes: "{raw}"'
    if kind == "union_tag_not_found":
        what = detail["ctx"]["discriminator"].strip("'")
        return f"the key {what} is missing"
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return "must hold `key: value`"
    if kind == "too_short":
        return "must not be empty"
    if kind == "union_tag_invalid":
        context = detail["ctx"]
        what = context["discriminator"].strip("'")
        return f"unknown {what} {context['tag']!r}; known: {context['expected_tags']}"
    message = str(detail["msg"]).removeprefix("Value error, ")
    words = f"{message[0].lower()}{message[1:]}"
    if not told:
        return _without(words, value)
    if kind == WITHHELD:
        return words
    # For a whole section the value adds nothing to its line.
    return f"{words} (found {value!r})" if value is None or isinstance(value, str | int | float) else words


def may_be_secret(document: Document, model: type[BaseModel], where: KeyPath) -> bool:
    """Return whether a value belongs to a secret key, or contains a variable of the file."""
    if issubclass(model, Section) and where and where[0] in model.secret:
        return True
    return any("${" in raw for at, raw in document.raw.items() if at[: len(where)] == where)


def _without(words: str, value: Any) -> str:
    """Remove a value from a message: our own validators may quote it."""
    if isinstance(value, dict | list | tuple):
        for each in value.values() if isinstance(value, dict) else value:
            words = _without(words, each)
        return words
    found = str(value)
    return words.replace(repr(value), "…").replace(found, "…" if len(found) >= _A_SECRET else found)


def _unknown_key(model: type[BaseModel], where: KeyPath) -> str:
    known = sorted(_fields(model, where[:-1]))
    close = difflib.get_close_matches(str(where[-1]), known, n=1)
    if close:
        return f"unknown key; did you mean {close[0]}?"
    return f"unknown key; known here: {', '.join(known)}" if known else "unknown key"


def _fields(model: type[BaseModel], where: KeyPath) -> set[str]:
    """Return the keys allowed at `where`, as far as the model says."""
    models = {model}
    for part in where:
        inner: set[type[BaseModel]] = set()
        for candidate in models:
            if isinstance(part, int):
                inner.add(candidate)
            elif part in candidate.model_fields:
                inner |= models_in(candidate.model_fields[part].annotation)
        models = inner
    return {name for candidate in models for name in candidate.model_fields}


def models_in(annotation: Any) -> set[type[BaseModel]]:
    """Return the models that a type is or holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}
    return {model for argument in get_args(annotation) for model in models_in(argument)}
