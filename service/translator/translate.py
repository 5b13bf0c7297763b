"""POST /translate: one text in, its translation out."""

from flask import Blueprint, request

from translator.lifecycle import Lifecycle
from translator.payload import read_text
from translator.release import Release
from translator.settings import Settings
from translator.text import translate_text


def routes(settings: Settings, release: Release, lifecycle: Lifecycle) -> Blueprint:
    """The one route that does the work; it answers within the limits that `settings` sets."""
    blueprint = Blueprint("translate", __name__)

    @blueprint.post("/translate")
    def translate() -> dict[str, object]:
        text = read_text(request, settings.max_characters)
        translation = translate_text(text, lifecycle.engine.translate)
        return {
            "translation": translation,
            "success": True,
            "result": translation,
            "release": release.tag,
        }

    return blueprint
