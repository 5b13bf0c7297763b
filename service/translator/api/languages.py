"""Knows the one pair of languages, by the names that LibreTranslate and DeepL have for them."""

from werkzeug.exceptions import BadRequest

# The model learnt simplified characters. https://www.rfc-editor.org/info/bcp47: case means nothing.
_CHINESE = ("zh", "zh-hans", "zh-cn")
_ENGLISH = ("en", "en-us", "en-gb")


def require_chinese(name: str, code: str) -> None:
    """Raises BadRequest unless `code`, in the member `name`, is Chinese as the model knows it."""
    if code.lower() not in _CHINESE:
        raise BadRequest(
            f'"{name}" must be Chinese (zh or zh-Hans): this service translates Chinese into English only.'
        )


def require_english(name: str, code: str) -> None:
    """Raises BadRequest unless `code`, in the member `name`, is English; the model knows one English."""
    if code.lower() not in _ENGLISH:
        raise BadRequest(f'"{name}" must be English (en): this service translates Chinese into English only.')
