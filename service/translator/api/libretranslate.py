"""LibreTranslate's shape of POST /translate, and its GET /languages.

https://docs.libretranslate.com/api/operations/translate/
"""

import re
from typing import Annotated, Literal

from flask import Blueprint
from pydantic import RootModel

from translator.api.intake import Intake, require_chinese, require_english
from translator.api.openapi import TRANSLATE, described
from translator.api.validation import MustBe, Shape, Text, Texts, read_fields

_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]")


ASKED = {"q": ["北京天气很好。", "这是一段测试文本。"], "source": "zh", "target": "en"}
ANSWERED = {"translatedText": ["The weather in Beijing is nice.", "This is a test text."]}


class LibreTranslate(Shape, json_schema_extra={"examples": [ASKED]}):
    """One text, or a list of them; `format` can only be `text`, because markup is not understood."""

    q: Annotated[Text | Texts, MustBe("a string or a list of strings")]
    source: Annotated[str, MustBe("a string such as zh")] = "auto"
    target: Annotated[str, MustBe("a string such as en")] = "en"
    format: Annotated[Literal["text"], MustBe('"text": this service does not understand markup')] = "text"


class DetectedLanguage(Shape):
    """`confidence` is the percentage of Han characters among the letters; all text is read as Chinese."""

    confidence: float
    language: Literal["zh"] = "zh"


class LibreTranslated(Shape):
    """A translation, or a list of them, as `q` was; the language is named when `source` was `auto`."""

    translatedText: str | list[str]  # noqa: N815  LibreTranslate's name
    detectedLanguage: DetectedLanguage | list[DetectedLanguage] | None = None  # noqa: N815


class Language(Shape):
    """A language, and those that it can be translated into."""

    code: str
    name: str
    targets: list[str]


class Languages(
    RootModel[list[Language]],
    json_schema_extra={
        "examples": [
            [
                {"code": "zh", "name": "Chinese", "targets": ["en"]},
                {"code": "en", "name": "English", "targets": []},
            ]
        ]
    },
):
    """Chinese can be translated into English; English into nothing."""


def routes() -> Blueprint:
    """GET /languages."""
    blueprint = Blueprint("libretranslate", __name__)

    @blueprint.get("/languages")
    @described(TRANSLATE, Languages)
    def list_languages() -> list[dict[str, object]]:
        """Name the languages, in LibreTranslate's shape."""
        chinese = Language(code="zh", name="Chinese", targets=["en"])
        english = Language(code="en", name="English", targets=[])
        return [chinese.model_dump(), english.model_dump()]

    return blueprint


def read_request(fields: dict[str, list[str]]) -> LibreTranslate:
    """Return the request in the fields of a form; raises BadRequest."""
    return read_fields(LibreTranslate, fields, lists=())


def answer(intake: Intake, asked: LibreTranslate) -> dict[str, object]:
    """Return the answer in LibreTranslate's shape; an empty text stays empty in a list, and fails alone."""
    if asked.source.lower() != "auto":
        require_chinese("source", asked.source)
    require_english("target", asked.target)
    answered = _answer_one(intake, asked.q) if isinstance(asked.q, str) else _answer_all(intake, asked.q)
    shown = None if asked.source.lower() == "auto" else {"detectedLanguage"}
    return answered.model_dump(exclude=shown)


def _answer_one(intake: Intake, text: str) -> LibreTranslated:
    [translation] = intake.translate([intake.admit_words('"q"', text)])
    return LibreTranslated(translatedText=translation, detectedLanguage=_detect(text))


def _answer_all(intake: Intake, texts: list[str]) -> LibreTranslated:
    translations = intake.translate(intake.admit_all("q", texts))
    return LibreTranslated(translatedText=translations, detectedLanguage=[_detect(text) for text in texts])


def _detect(text: str) -> DetectedLanguage:
    letters = sum(map(str.isalpha, text))
    return DetectedLanguage(confidence=min(100.0, round(100 * len(_HAN.findall(text)) / max(letters, 1), 1)))
