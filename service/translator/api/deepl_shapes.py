"""What DeepL's callers send and get.

https://developers.deepl.com/api-reference/translate
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from translator.api.validation import MustBe, Shape, Text, Texts

# Asks for something else than a plain translation, so that to ignore it would be a wrong answer.
_Unknown = Annotated[
    Literal[""] | None,
    MustBe("left out: this service does not have that"),
    Field(description="To be left out: this service does not have that."),
]


class DeepL(Shape):
    """Texts to translate. Options that change nothing here, such as `split_sentences`, are ignored."""

    example: ClassVar[str] = '{"text": ["你好"], "target_lang": "EN"}'
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


class DeepLTranslated(Shape):
    """One translation per text, in order; an empty text is answered with an empty one."""

    translations: list[DeepLTranslation]


class DeepLLanguage(Shape):
    """A language by DeepL's code; `supports_formality` is there for targets."""

    language: str
    name: str
    supports_formality: bool | None = None


class DeepLUsage(Shape):
    """Nothing is added up and nothing is limited here, which DeepL expresses with this limit."""

    character_count: Literal[0] = 0
    character_limit: Literal[1_000_000_000_000] = 1_000_000_000_000
