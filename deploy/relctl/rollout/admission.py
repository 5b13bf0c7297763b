"""Decide whether a release may take traffic: passed, recent evidence that the ledger vouches for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from relctl.config.pipeline import Case, Pipeline
from relctl.engine.protocol import Image
from relctl.errors import ConfigError, NotProvedError, RelctlError
from relctl.observation.window import refused_window
from relctl.report.page import report_of
from relctl.rollout.host import Host
from relctl.rollout.snapshot import Snapshot
from relctl.source.origin import insist_on_origin
from relctl.state.event import Event
from relctl.state.evidence import Evidence
from relctl.state.ledger import Ledger, LedgerContent
from relctl.state.steps import LOOKS
from relctl.tag import Tag

_DAY = 86_400
_SKEW = 60.0  # seconds of clock skew allowed
_NAME = re.compile(r"[a-z0-9._-]+")  # an environment's; evidence is a file and may contain anything


@dataclass(frozen=True)
class Admission:
    """What lets a release take traffic: the evidence file, "" if forced, and what to remember meanwhile.

    `smoke`: the cases to check after the switch, read before traffic moves.
    """

    evidence: str = ""
    notices: dict[str, Any] = field(default_factory=dict)
    smoke: tuple[Case, ...] = ()


def admit(host: Host, now: Snapshot, tag: Tag, image: Image, forced: str) -> Admission:
    """Return what proves a release; raises NotProvedError if nothing does, unless `forced` is a reason."""
    _say_of_refusal(host, now)
    live = now.container(now.live)
    try:
        insist_on_origin(host.project, host.paths, image, tag)
        found = proof(host, tag, image, live.image_id if live else "")
        insist_on_vouched(host, tag, found)
    except RelctlError as error:
        if not forced:
            raise
        host.say(f"by force, though {error.message}")
        host.steps.reach_for_good("evidence", f"go on by force, though {error.message}", LOOKS)
        return Admission("", {"forced": forced, "unproved": error.message}, _smoke(host, forced))
    notices: dict[str, Any] = {"off": found.off} if found.off else {}
    if live and found.reference not in ("", live.image_id):
        notices["compared_with"] = found.reference_tag
    path = host.evidence.path(found.image_id, found.pipeline)
    host.steps.reach_for_good("evidence", f"take {path.name} as the proof of {image.id[:19]}", LOOKS)
    return Admission(str(path), notices, _smoke(host, forced))


def _say_of_refusal(host: Host, now: Snapshot) -> None:
    """Report that the live release was refused, but a killed observe has not returned its traffic."""
    refused = refused_window(now.history)
    if refused is not None:
        host.say(
            f"{now.live_tag} is live though its window refused it ({refused.reason}): this release is"
            f" compared with it and replaces the standby; relctl rollback goes back instead"
        )


def _smoke(host: Host, forced: str) -> tuple[Case, ...]:
    try:
        return host.project.pipeline().after_switch
    except ConfigError as error:
        if not forced:
            raise
        host.say(f"no smoke case is sent after the switch: {error.message}")
        return ()


def proof(host: Host, tag: Tag, image: Image, live: str) -> Evidence:
    """Return the evidence that proves the image; raises NotProvedError with the reason when none does.

    `live`: the image id that has the traffic, "" for none. A comparison with an earlier live image is
    reported; a comparison with any other image is no proof.
    """
    pipeline = host.project.pipeline()
    verify = f"relctl verify {tag}"
    evidence = _passed(host, tag, image, pipeline.checksum)
    wrong = (
        _other_limits(host, evidence)
        or _age(host, evidence)
        or _compared_with_nothing(host, pipeline, evidence, live)
    )
    if wrong:
        raise NotProvedError(f"{tag} was verified {wrong}", verify)
    if live and evidence.reference != live:
        compared = evidence.reference_tag or evidence.reference[:19] or "nothing"
        host.say(f"{tag} was compared with {compared}; live is {live[:19]} now. {verify} compares with that")
    for each in evidence.not_proved:
        host.say(f"{tag} was verified, but not {each}")
    return evidence


def _passed(host: Host, tag: Tag, image: Image, pipeline: str) -> Evidence:
    verify = f"relctl verify {tag}"
    evidence = host.evidence.find(image.id, pipeline)
    if evidence is None:
        if host.evidence.knows(image.id):
            raise NotProvedError(
                f"{tag} was verified by another pipeline than {host.project.environment.pipeline} is now",
                verify,
            )
        other = host.evidence.of_tag(str(tag))
        but = f"; there is some for {other[:19]}: of another build or image store" if other else ""
        raise NotProvedError(f"{tag} was never verified: no evidence for {image.id[:19]}{but}", verify)
    if evidence.verdict != "pass":
        raise NotProvedError(
            f"{tag} did not pass its verification; {evidence.summary}",
            f"{verify}; what the last one found: {_report(host, image, pipeline)}",
        )
    return evidence


def _report(host: Host, image: Image, pipeline: str) -> Path:
    return report_of(host.evidence.path(image.id, pipeline))


def _other_limits(host: Host, evidence: Evidence) -> str:
    """Report differing resource limits, on which performance depends; older evidence has none recorded."""
    allowed = host.project.environment.resources.model_dump()
    differing = [
        f"{name} {evidence.resources.get(name, 'unknown')}, here {limit}"
        for name, limit in allowed.items()
        if evidence.resources.get(name) != limit
    ]
    return f"under other limits: {'; '.join(differing)}" if differing else ""


def _age(host: Host, evidence: Evidence) -> str:
    age, allowed = (datetime.now(UTC) - evidence.ended).total_seconds(), host.project.environment.max_age
    if allowed is not None and age < -_SKEW:
        return f"in the future, at {evidence.ended}: is the clock right?"
    if allowed is not None and age > allowed:
        return (
            f"{age / _DAY:.1f} days ago; environment {host.project.name} takes evidence of at most "
            f"{allowed / _DAY:g} days"
        )
    return ""


def _compared_with_nothing(host: Host, pipeline: Pipeline, evidence: Evidence, live: str) -> str:
    """Report a comparison with nothing, or with an unproved image: it says nothing about the release."""
    compares = any(gate.compares and not gate.off for gate in pipeline.gates)
    if not compares or live in ("", evidence.image_id):
        return ""
    if not evidence.reference:
        return "before anything was live, and so compared with nothing"
    if evidence.reference == evidence.image_id:
        return "against itself"
    had_traffic = {event.image_id for event in host.ledger.read().history.promotes}
    if evidence.reference not in {live, *had_traffic}:
        return f"against {evidence.reference_tag}, which never took traffic here"
    return ""


def insist_on_vouched(host: Host, tag: Tag, evidence: Evidence) -> None:
    """Raise NotProvedError unless a `verified` event written by relctl refers to exactly this file.

    All environments of a state directory share evidence; the ledger is that of the environment that wrote it.
    """
    history = _history(host, evidence)
    sound, found = (_verified(each, host, evidence) for each in (history.sound, history.events))
    wrong = _wrong(host, evidence, sound, found)
    if wrong:
        raise NotProvedError(f"the evidence of {tag} proves nothing: {wrong}", f"relctl verify {tag}")


def _history(host: Host, evidence: Evidence) -> LedgerContent:
    where = evidence.environment
    if where in ("", host.paths.environment):
        return host.ledger.read()
    if not _NAME.fullmatch(where):
        return LedgerContent([])
    return Ledger(replace(host.paths, environment=where).ledger).salvage()


def _verified(events: Sequence[Event], host: Host, evidence: Evidence) -> Event | None:
    """Return the last `verified` event about a file, by its name: a state directory may be moved."""
    name = host.evidence.path(evidence.image_id, evidence.pipeline).name
    about = (each for each in reversed(events) if each.evidence.rpartition("/")[2] == name)
    return next((each for each in about if each.event == "verified"), None)


def _wrong(host: Host, evidence: Evidence, sound: Event | None, found: Event | None) -> str:
    """Return why nothing vouches for it, "" if something does; older versions wrote no checksum."""
    path = host.evidence.path(evidence.image_id, evidence.pipeline)
    if found is None:
        return f"the ledger has no verification that wrote {path}"
    if sound is None:
        return "the ledger, which says who wrote it, was edited outside relctl since"
    wrote = sound.details.get("evidence_sha256", "")
    if wrote and wrote != host.evidence.sha256(evidence):
        return f"{path} is no longer what {sound.by} wrote, {sound.at}"
    return ""
