"""Describes the paths in DeepL's shape."""

from translator.api.deepl import DeepL, DeepLLanguage, DeepLTranslated, DeepLUsage
from translator.api.description.operations import BODY_ERRORS, FORM, JSON, Example, Operation, Section
from translator.api.description.samples import TEST, TEST_TRANSLATED, WEATHER, WEATHER_TRANSLATED

_DEEPL = Operation(
    method="post",
    path="/v2/translate",
    summary="Translates texts, in DeepL's shape",
    description=(
        "For DeepL's clients: give them this service as their server. `target_lang` is `EN`, `EN-US` or "
        "`EN-GB`, which are one English here. An option that changes nothing for Chinese to English is "
        "ignored; one that would, such as `glossary_id`, is refused. A form will do as well."
    ),
    requests={JSON: (DeepL,), FORM: (DeepL,)},
    answer=DeepLTranslated,
    errors=BODY_ERRORS,
    examples=(
        Example(
            "Two texts",
            {"text": [WEATHER, TEST], "target_lang": "EN"},
            {
                "translations": [
                    {"detected_source_language": "ZH", "text": WEATHER_TRANSLATED},
                    {"detected_source_language": "ZH", "text": TEST_TRANSLATED},
                ]
            },
        ),
    ),
)

_DEEPL_LANGUAGES = Operation(
    method="get",
    path="/v2/languages",
    summary="Names the languages, in DeepL's shape",
    description="Those to translate from, or with `type=target` those to translate into.",
    query={"type": ("source", "target")},
    answer=list[DeepLLanguage],
    errors=(400, 413, 415),  # its clients send a form, though the method is GET
    examples=(Example("The source language", None, [{"language": "ZH", "name": "Chinese"}]),),
)

_DEEPL_USAGE = Operation(
    method="get",
    path="/v2/usage",
    summary="What DeepL's clients ask before they begin",
    description="Characters are not added up here, and there is no limit to run into.",
    answer=DeepLUsage,
    examples=(Example("Always", None, {"character_count": 0, "character_limit": 1_000_000_000_000}),),
)

DEEPL = Section("DeepL", "What DeepL's clients need.", (_DEEPL, _DEEPL_LANGUAGES, _DEEPL_USAGE))
