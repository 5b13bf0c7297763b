"""Read the body of a request within its limits, as JSON or as a form, or say why it cannot be read."""

import json
from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qs

from flask import Request
from werkzeug.exceptions import (
    BadRequest,
    ClientDisconnected,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)

from translator.settings import Settings

# The longest spelling of one character: a pair of escapes in JSON, four percent signs in a form.
_BYTES_PER_CHARACTER = 12
# The names, the quotes and an id around a text, indented.
_BYTES_AROUND_TEXT = 256
_BYTES_AROUND_ALL = 4096


@dataclass(frozen=True)
class Limits:
    """`characters` of one text, `items` (texts) and `total_characters` of one request."""

    characters: int
    items: int
    total_characters: int

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Return what the operator chose."""
        return cls(settings.max_characters, settings.max_items, settings.max_total_characters)

    @property
    def body_bytes(self) -> int:
        """Bytes of the longest body that may be right, however its characters are spelt."""
        characters = max(self.characters, self.total_characters)
        return characters * _BYTES_PER_CHARACTER + self.items * _BYTES_AROUND_TEXT + _BYTES_AROUND_ALL

    @property
    def form_fields(self) -> int:
        """Fields of the longest form that may be right: every text is one, and there are options."""
        return self.items + 64


_FORM = "application/x-www-form-urlencoded"
_UTF_8 = ("", "utf-8", "utf8", "us-ascii")


def is_form(request: Request) -> bool:
    """Return whether the body says that it is a form, the only other thing than JSON that is ever read."""
    return request.mimetype == _FORM


def read_json(request: Request, limits: Limits) -> object:
    """Return the JSON document in the body, without lone surrogates: they cannot be written as UTF-8.

    Raises BadRequest, RequestEntityTooLarge or UnsupportedMediaType.
    """
    if not request.is_json:
        raise UnsupportedMediaType("The Content-Type must be application/json.")
    text = _read_text(request, limits)
    try:
        return _parse(text)
    except RecursionError:
        raise BadRequest("The body is nested too deeply.") from None
    except json.JSONDecodeError as error:
        raise BadRequest(f"The body is not valid JSON: {error}.") from None
    except ValueError:  # https://docs.python.org/3/library/stdtypes.html#int-max-str-digits
        raise BadRequest("The body is not valid JSON: a number in it is too long.") from None


def read_form(request: Request, limits: Limits) -> dict[str, list[str]]:
    """Return the values by name of a form in the body. Raises what `read_json` raises."""
    text = _read_text(request, limits)
    try:
        return parse_qs(text, keep_blank_values=True, errors="strict", max_num_fields=limits.form_fields)
    except UnicodeDecodeError:
        raise BadRequest("The body is not UTF-8.") from None
    except ValueError:
        raise RequestEntityTooLarge(
            f"The form has too many fields; at most {limits.items:,} texts are accepted."
        ) from None


def _parse(text: str) -> object:
    document = json.loads(text, parse_constant=_refuse_constant)
    if "\\ud" in text or "\\uD" in text:
        document = json.loads(json.dumps(document, ensure_ascii=False).encode(errors="ignore"))
    return document


def _refuse_constant(name: str) -> None:
    raise BadRequest(f"The body is not valid JSON: {name} is no JSON number.")


def read_body(request: Request, limits: Limits) -> bytes:
    """Return the bytes of the body, kept for another reader. Raises BadRequest or RequestEntityTooLarge."""
    # One more than is right: of a chunked body werkzeug returns the beginning, and raises nothing.
    request.max_content_length = limits.body_bytes + 1
    try:
        body = request.get_data()
    except RequestEntityTooLarge:
        raise _too_long(limits) from None
    except (ClientDisconnected, OSError, ValueError):  # a stream that was cut off is closed
        raise BadRequest("The body did not arrive whole.") from None
    if len(body) > limits.body_bytes:
        raise _too_long(limits)
    if request.content_length not in (None, len(body)):
        raise BadRequest("The body did not arrive whole.")
    return body


def _read_text(request: Request, limits: Limits) -> str:
    coding = request.headers.get("Content-Encoding", "identity")
    if coding.strip().lower() not in ("", "identity"):
        raise UnsupportedMediaType("The body is compressed; send it without a Content-Encoding.")
    if request.mimetype_params.get("charset", "").lower() not in _UTF_8:
        raise UnsupportedMediaType("The charset of the Content-Type must be utf-8.")
    try:
        return read_body(request, limits).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadRequest("The body is not UTF-8.") from None


def _too_long(limits: Limits) -> RequestEntityTooLarge:
    return RequestEntityTooLarge(
        f"The body is too long; all its texts together may have {limits.total_characters:,} characters."
    )
