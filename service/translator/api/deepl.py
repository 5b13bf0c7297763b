"""DeepL's shape: POST /v2/translate, GET /v2/languages and GET /v2/usage.

https://developers.deepl.com/api-reference/translate
"""

from flask import Blueprint, request
from werkzeug.exceptions import BadRequest

from translator.api import languages
from translator.api.deepl_shapes import (
    DeepL,
    DeepLLanguage,
    DeepLTranslated,
    DeepLTranslation,
    DeepLUsage,
)
from translator.api.intake import Intake
from translator.api.validation import read_fields, read_shape
from translator.body.payload import is_form, read_form, read_json

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
    def translate() -> dict[str, object]:
        return _answer(intake, _read(intake)).model_dump(exclude_none=True)

    @blueprint.get("/v2/languages")
    def list_languages() -> list[dict[str, object]]:
        found = _LANGUAGES.get(_kind_of_languages(intake))
        if found is None:
            raise BadRequest('"type" must be source or target.')
        return [language.model_dump(exclude_none=True) for language in found]

    @blueprint.get("/v2/usage")
    def usage() -> dict[str, object]:
        return DeepLUsage().model_dump()

    return blueprint


def _read(intake: Intake) -> DeepL:
    if is_form(request):
        return read_fields(DeepL, read_form(request, intake.limits), lists=("text",))
    return read_shape(DeepL, read_json(request, intake.limits))


def _answer(intake: Intake, asked: DeepL) -> DeepLTranslated:
    languages.require_english("target_lang", asked.target_lang)
    if asked.source_lang:
        languages.require_chinese("source_lang", asked.source_lang)
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
