"""Reads the body of a translation request and says in words what is wrong with it."""

import json

from flask import Request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from translator.text import clean

_EXAMPLE = '{"text": "你好"}'
# The longest spelling of one character in JSON is a pair of escapes: \ud83d\ude00.
_BYTES_PER_CHARACTER = 12
_BYTES_AROUND_TEXT = 1024


def read_text(request: Request, max_characters: int) -> str:
    """The text to translate, free of characters that cannot be written.

    Raises BadRequest, RequestEntityTooLarge or UnsupportedMediaType.
    """
    text = _read_object(request, max_characters).get("text")
    if text is None:
        raise BadRequest(f'"text" is missing; the body must look like {_EXAMPLE}.')
    if not isinstance(text, str):
        raise BadRequest(f'"text" must be a string; the body must look like {_EXAMPLE}.')
    if len(text) > max_characters:
        raise RequestEntityTooLarge(
            f'"text" has {len(text):,} characters; at most {max_characters:,} are accepted.'
        )
    text = clean(text)
    if not text.strip():
        raise BadRequest('"text" is blank; there is nothing to translate.')
    return text


def _read_object(request: Request, max_characters: int) -> dict[str, object]:
    if not request.is_json:
        raise UnsupportedMediaType("The Content-Type must be application/json.")
    try:
        document = json.loads(_read_body(request, max_characters).decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise BadRequest("The body is not UTF-8.") from None
    except RecursionError:
        raise BadRequest("The body is nested too deeply.") from None
    except ValueError as error:
        raise BadRequest(f"The body is not valid JSON: {error}.") from None
    if not isinstance(document, dict):
        raise BadRequest(f"The body must be a JSON object; it must look like {_EXAMPLE}.")
    return document


def _read_body(request: Request, max_characters: int) -> bytes:
    request.max_content_length = max_characters * _BYTES_PER_CHARACTER + _BYTES_AROUND_TEXT
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise RequestEntityTooLarge(
            f'The body is too long; "text" may have at most {max_characters:,} characters.'
        ) from None
