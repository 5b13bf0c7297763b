"""Describes the paths in this service's own shape, and in LibreTranslate's."""

from translator.api.batch import BatchError, BatchItems, BatchTranslation
from translator.api.description.operations import BODY_ERRORS, FORM, JSON, Example, Operation, Section
from translator.api.description.samples import TEST, TEST_TRANSLATED, WEATHER, WEATHER_TRANSLATED
from translator.api.libretranslate import Language, LibreTranslate, LibreTranslated
from translator.api.translate import Translate, Translated
from translator.release import Release

_BATCH = Operation(
    method="post",
    path="/batch",
    summary="Translates many texts",
    description=(
        "The answers stand in the order of the items and carry their ids: strings or whole numbers, as they "
        "came, the same twice if need be. An item that is wrong gets an `error` in words in place of its "
        "`translation`, and all others are translated."
    ),
    requests={JSON: (BatchItems,)},
    answer=list[BatchTranslation | BatchError],
    errors=(400, 413, 415, 503, 504),
    examples=(
        Example(
            "Two texts, one of them blank",
            [{"id": "001", "text": WEATHER}, {"id": "002", "text": " "}],
            [
                {"id": "001", "translation": WEATHER_TRANSLATED},
                {"id": "002", "error": '"text" is blank; there is nothing to translate.'},
            ],
        ),
    ),
)

_LANGUAGES = Operation(
    method="get",
    path="/languages",
    summary="Names the languages, in LibreTranslate's shape",
    description="Chinese can be translated into English; English into nothing.",
    answer=list[Language],
    examples=(
        Example(
            "The languages",
            None,
            [
                {"code": "zh", "name": "Chinese", "targets": ["en"]},
                {"code": "en", "name": "English", "targets": []},
            ],
        ),
    ),
)


def own_section(release: Release) -> Section:
    """What translates; the examples are answers of `release`."""
    operations = (_translate(release), _BATCH, _LANGUAGES)
    return Section("Translate", "This service's own shape, and LibreTranslate's.", operations)


def _translate(release: Release) -> Operation:
    return Operation(
        method="post",
        path="/translate",
        summary="Translates one text",
        description=(
            "Lines, blank lines and indentation stay as they are; control characters are dropped. "
            "A body with `q` instead of `text` is taken as LibreTranslate's and answered in its shape: "
            "`source` is `zh` or `auto`, `target` is `en`, `format` is `text`; a form will do as well."
        ),
        requests={JSON: (Translate, LibreTranslate), FORM: (LibreTranslate,)},
        answer=Translated | LibreTranslated,
        errors=BODY_ERRORS,
        examples=(
            _own_example(release),
            Example(
                "LibreTranslate's shape",
                {"q": [WEATHER, TEST], "source": "zh", "target": "en", "format": "text"},
                {"translatedText": [WEATHER_TRANSLATED, TEST_TRANSLATED]},
            ),
        ),
    )


def _own_example(release: Release) -> Example:
    answer = {
        "translation": WEATHER_TRANSLATED,
        "success": True,
        "result": WEATHER_TRANSLATED,
        "release": release.tag,
    }
    return Example("This service's own shape", {"text": WEATHER}, answer)
