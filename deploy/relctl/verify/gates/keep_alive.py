"""Gate `keep-alive`: idle connections stay open as long as the contract says, so Nginx closes first."""

from collections.abc import Sequence

from relctl.config.gates import KeepAliveSettings
from relctl.probe.idle import Held
from relctl.verify.trial.trial import Trial, Verdict, failed, passed

_LEEWAY = 0.1  # seconds: a close exactly on time may be seen a moment early


def keep_alive(trial: Trial, settings: KeepAliveSettings) -> Verdict:
    """Check connections idle since the candidate was ready; repeat the check after an early close."""
    limit = held_for(trial, settings)
    held = trial.idle(limit).result()
    if early(held, limit):  # a worker replaced meanwhile also closes connections
        trial.say("  a connection was closed early: repeating the check alone")
        held = trial.idle_anew(limit).result()
    return judge(held, limit)


def held_for(trial: Trial, settings: KeepAliveSettings) -> float:
    """Return how long the connections must stay open, in seconds."""
    return min(trial.candidate.service.contract.keep_alive, settings.at_most)


def judge(held: Sequence[Held], limit: float) -> Verdict:
    """Decide by the connection that was closed first."""
    figures = {"seconds": {each.path: round(each.seconds, 3) for each in held}, "limit_seconds": limit}
    if found := early(held, limit):
        first = min(found, key=lambda each: each.seconds)
        return failed(_words(first, limit), **figures)
    if not any(each.kept for each in held):
        return passed("it closes each connection with its answer and announces that", **figures)
    return passed(f"idle connections were kept for {limit:g} s", **figures)


def early(held: Sequence[Held], limit: float) -> list[Held]:
    """Return those that the service closed before time without announcing it."""
    return [each for each in held if each.kept and each.closed and each.seconds < limit - _LEEWAY]


def _words(first: Held, limit: float) -> str:
    tenths = int(10 * first.seconds) / 10
    instead = (
        f"or set contract.keep_alive: {tenths:g}s" if tenths else "or let it answer with Connection: close"
    )
    return (
        f"it closed an idle connection {first.seconds:.1f} s after its answer to {first.path};"
        f" contract.keep_alive promises {limit:g} s, and a request that Nginx sends just then is lost."
        f" Let the service keep them longer (uvicorn --timeout-keep-alive 75, gunicorn --keep-alive 75),"
        f" {instead}"
    )
