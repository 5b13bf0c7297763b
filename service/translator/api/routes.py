"""Puts the routes of the API together."""

from flask import Blueprint

from translator.api import batch, deepl, libretranslate, translate
from translator.api.description import routes as description
from translator.api.intake import Intake
from translator.body import Limits
from translator.lifecycle import Lifecycle
from translator.release import Release
from translator.settings import Settings
from translator.text.blocked import BlockedWords


def routes(settings: Settings, release: Release, lifecycle: Lifecycle, blocked: BlockedWords) -> Blueprint:
    """Every path that translates, and the description of all paths that there are."""
    blueprint = Blueprint("api", __name__)
    intake = Intake(Limits.from_settings(settings), blocked, lifecycle)
    blueprint.register_blueprint(translate.routes(intake, release))
    blueprint.register_blueprint(libretranslate.routes())
    blueprint.register_blueprint(batch.routes(intake))
    blueprint.register_blueprint(deepl.routes(intake))
    blueprint.register_blueprint(description.routes(settings, release))
    return blueprint
