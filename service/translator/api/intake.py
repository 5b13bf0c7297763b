"""Decide which texts are translated, and have them translated."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import g
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnprocessableEntity

from translator.body import Limits
from translator.lifecycle import Lifecycle
from translator.text import translate_texts
from translator.text.blocked import BlockedWords
from translator.text.characters import normalise

# The model learnt simplified characters. https://www.rfc-editor.org/info/bcp47: case means nothing.
_CHINESE = ("zh", "zh-hans", "zh-cn")
_ENGLISH = ("en", "en-us", "en-gb")


def require_chinese(name: str, code: str) -> None:
    """Raise BadRequest unless `code`, in the member `name`, is Chinese as the model knows it."""
    if code.lower() not in _CHINESE:
        raise BadRequest(
            f'"{name}" must be Chinese (zh or zh-Hans): this service translates Chinese into English only.'
        )


def require_english(name: str, code: str) -> None:
    """Raise BadRequest unless `code`, in the member `name`, is English; the model knows one English."""
    if code.lower() not in _ENGLISH:
        raise BadRequest(f'"{name}" must be English (en): this service translates Chinese into English only.')


@dataclass(frozen=True)
class Intake:
    """Where every shape of request meets the translator. Words call a text by the name it is given."""

    limits: Limits
    blocked: BlockedWords
    lifecycle: Lifecycle

    def translate(self, texts: Sequence[str]) -> list[str]:
        """Return one translation per text that was admitted; a blank text stays as it is.

        Raises NotReadyError, QueueFullError or DeadlineError.
        """
        g.characters = sum(map(len, texts))  # for the log
        with self.lifecycle.await_translator().admit(g.characters) as translate:
            return translate_texts(texts, translate)

    def admit(self, name: str, text: str) -> str:
        """Return the text, normalised; raises RequestEntityTooLarge, UnprocessableEntity if blocked."""
        self._limit(name, text)
        text = normalise(text)
        self._limit(name, text)  # composing can make a text longer: U+0958 becomes two characters
        if self.blocked.find(text) is not None:
            raise UnprocessableEntity(f"{name} holds a blocked word; it is not translated.")
        return text

    def admit_words(self, name: str, text: str) -> str:
        """Return what `admit` does; raises BadRequest too, for a text with nothing but white space."""
        text = self.admit(name, text)
        if not text.strip():
            raise BadRequest(f"{name} is blank; there is nothing to translate.")
        return text

    def admit_all(self, name: str, texts: Sequence[str]) -> list[str]:
        """Return all texts of the list `name`, normalised; raises what `admit` and `count` raise."""
        self.count(f'"{name}"', texts)
        admitted = [self.admit(f'Text {n} of "{name}"', text) for n, text in enumerate(texts, start=1)]
        self.count(f'"{name}"', admitted)
        return admitted

    def count(self, name: str, texts: Sequence[str]) -> None:
        """Raise BadRequest for an empty list, and RequestEntityTooLarge for a long one."""
        if not texts:
            raise BadRequest(f"{name} is empty; there is nothing to translate.")
        if len(texts) > self.limits.items:
            raise _too_large(name, len(texts), "texts", self.limits.items)
        characters = sum(map(len, texts))
        if characters > self.limits.total_characters:
            raise _too_large(name, characters, "characters", self.limits.total_characters)

    def _limit(self, name: str, text: str) -> None:
        if len(text) > self.limits.characters:
            raise _too_large(name, len(text), "characters", self.limits.characters)


def _too_large(name: str, number: int, things: str, most: int) -> RequestEntityTooLarge:
    return RequestEntityTooLarge(f"{name} has {number:,} {things}; at most {most:,} are accepted.")
