"""DeepL's shape: POST /v2/translate, GET /v2/languages and GET /v2/usage.

https://developers.deepl.com/api-reference/translate
"""

from typing import Annotated, Literal

from flask import Blueprint, request
from pydantic import BaseModel, Field, RootModel
from werkzeug.exceptions import BadRequest

from translator.api.intake import Intake, require_chinese, require_english
from translator.api.openapi import BODY_ERRORS, DEEPL, described
from translator.api.validation import MustBe, Shape, Text, Texts, read_fields, read_shape
from translator.body import is_form, read_form, read_json

# Asks for something else than a plain translation, so that to ignore it would be a wrong answer.
_Unknown = Annotated[
    Literal[""] | None,
    MustBe("left out: this service does not have that"),
    Field(description="To be left out: this service does not have that."),
]


_ASKED = {"text": ["北京天气很好。", "这是一段测试文本。"], "target_lang": "EN"}
_ANSWERED = {
    "translations": [
        {"detected_source_language": "ZH", "text": "The weather in Beijing is nice."},
        {"detected_source_language": "ZH", "text": "This is a test text."},
    ]
}


class DeepL(Shape, json_schema_extra={"examples": [_ASKED]}):
    """Texts to translate. Options that change nothing here, such as `split_sentences`, are ignored."""

    text: Annotated[Text | Texts, MustBe("a list of strings")]
    target_lang: Annotated[str, MustBe("a string such as EN")]
    source_lang: Annotated[str | None, MustBe("a string such as ZH")] = None
    formality: Annotated[
        Literal["default", "prefer_more", "prefer_less"] | None, MustBe("default, prefer_more or prefer_less")
    ] = None
    show_billed_characters: Annotated[bool | None, MustBe("true or false")] = None
    tag_handling: _Unknown = None
    glossary_id: _Unknown = None
    glossary_ids: _Unknown = None
    style_id: _Unknown = None
    custom_instructions: _Unknown = None
    translation_memory_id: _Unknown = None


class DeepLTranslation(Shape):
    """One translation; `billed_characters` counts what came, if `show_billed_characters` asked for it."""

    detected_source_language: Literal["ZH"] = "ZH"
    text: str
    billed_characters: int | None = None


class DeepLTranslated(Shape, json_schema_extra={"examples": [_ANSWERED]}):
    """One translation per text, in order; an empty text is answered with an empty one."""

    translations: list[DeepLTranslation]


class DeepLLanguage(Shape):
    """A language by DeepL's code; `supports_formality` is there for targets."""

    language: str
    name: str
    supports_formality: bool | None = None


class DeepLLanguages(
    RootModel[list[DeepLLanguage]],
    json_schema_extra={"examples": [[{"language": "ZH", "name": "Chinese"}]]},
):
    """The languages of one kind."""


class DeepLLanguagesOf(BaseModel):
    """Which languages are asked for."""

    type: Literal["source", "target"] = "source"


class DeepLUsage(
    Shape, json_schema_extra={"examples": [{"character_count": 0, "character_limit": 1_000_000_000_000}]}
):
    """Nothing is added up and nothing is limited here, which DeepL expresses with this limit."""

    character_count: Literal[0] = 0
    character_limit: Literal[1_000_000_000_000] = 1_000_000_000_000


_LANGUAGES = {
    "source": [DeepLLanguage(language="ZH", name="Chinese")],
    # The model knows one English. The official client knows only these two names for it.
    "target": [
        DeepLLanguage(language="EN-GB", name="English (British)", supports_formality=False),
        DeepLLanguage(language="EN-US", name="English (American)", supports_formality=False),
    ],
}


def routes(intake: Intake) -> Blueprint:
    """POST /v2/translate, GET /v2/languages and GET /v2/usage."""
    blueprint = Blueprint("deepl", __name__)

    @blueprint.post("/v2/translate")
    @described(DEEPL, DeepLTranslated, (*BODY_ERRORS, 422), json=DeepL, form=DeepL)
    def translate() -> dict[str, object]:
        """Translate texts, in DeepL's shape.

        For DeepL's clients: give them this service as their server. `target_lang` is `EN`, `EN-US` or
        `EN-GB`, which are one English here. An option that changes nothing for Chinese to English is
        ignored; one that would, such as `glossary_id`, is refused. A form will do as well.
        """
        return _answer(intake, _read(intake)).model_dump(exclude_none=True)

    @blueprint.get("/v2/languages")
    @described(DEEPL, DeepLLanguages, (400, 413, 415), query=DeepLLanguagesOf)  # its clients send a form
    def list_languages() -> list[dict[str, object]]:
        """Name the languages, in DeepL's shape.

        Those to translate from, or with `type=target` those to translate into.
        """
        found = _LANGUAGES.get(_kind_of_languages(intake))
        if found is None:
            raise BadRequest('"type" must be source or target.')
        return [language.model_dump(exclude_none=True) for language in found]

    @blueprint.get("/v2/usage")
    @described(DEEPL, DeepLUsage)
    def usage() -> dict[str, object]:
        """Answer what DeepL's clients ask before they begin.

        Characters are not added up here, and there is no limit to run into.
        """
        return DeepLUsage().model_dump()

    return blueprint


def _read(intake: Intake) -> DeepL:
    if is_form(request):
        return read_fields(DeepL, read_form(request, intake.limits), lists=("text",))
    return read_shape(DeepL, read_json(request, intake.limits))


def _answer(intake: Intake, asked: DeepL) -> DeepLTranslated:
    require_english("target_lang", asked.target_lang)
    if asked.source_lang:
        require_chinese("source_lang", asked.source_lang)
    sources = [asked.text] if isinstance(asked.text, str) else asked.text
    translations = intake.translate(intake.admit_all("text", sources))
    counts = [len(source) if asked.show_billed_characters else None for source in sources]
    pairs = zip(translations, counts, strict=True)
    return DeepLTranslated(
        translations=[DeepLTranslation(text=text, billed_characters=count) for text, count in pairs]
    )


def _kind_of_languages(intake: Intake) -> str:
    # The official client sends a form, though the method is GET.
    fields = read_form(request, intake.limits) if is_form(request) else {}
    return request.args.get("type", fields.get("type", ["source"])[-1])
