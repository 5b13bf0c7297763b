"""Make the parts of the service from the environment; what is wrong there is one sentence."""

from dataclasses import dataclass

from translator.access.guard import Guard
from translator.lifecycle import Lifecycle
from translator.observe.metrics import Metrics
from translator.release import Release, read_release
from translator.settings import Settings, read_settings
from translator.text.blocked import BlockedWords


class StartError(Exception):
    """The service cannot start like this."""


@dataclass(frozen=True)
class Parts:
    """What is made once, at the start, for all requests."""

    settings: Settings
    release: Release
    lifecycle: Lifecycle
    metrics: Metrics
    guard: Guard
    blocked: BlockedWords


def make_parts() -> Parts:
    """Raise StartError with a sentence that names the variable or the file."""
    try:
        settings = read_settings()
        release = read_release(settings.release_file)
        guard = Guard.from_settings(settings)
        blocked = BlockedWords.read(settings.blocked_words_file)
    except (ValueError, OSError) as error:
        raise StartError(str(error)) from None
    return Parts(settings, release, Lifecycle(), Metrics(release, settings.engine), guard, blocked)
