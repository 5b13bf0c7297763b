"""Check that the ledger vouches for evidence: its file is what a verification here wrote."""

import re
from collections.abc import Sequence
from dataclasses import replace

from relctl.errors import NotProvedError
from relctl.release import Tag
from relctl.rollout.host import Host
from relctl.state.event import Event
from relctl.state.evidence import Evidence
from relctl.state.ledger import History, Ledger

_NAME = re.compile(r"[a-z0-9._-]+")  # an environment's; evidence is a file and may contain anything


def insist_on_vouched(host: Host, tag: Tag, evidence: Evidence) -> None:
    """Raise NotProvedError unless a `verified` event written by relctl refers to exactly this file.

    All environments of a state directory share evidence; the ledger is that of the environment that wrote it.
    """
    history = _history(host, evidence)
    sound, found = (_verified(each, host, evidence) for each in (history.sound, history.events))
    wrong = _wrong(host, evidence, sound, found)
    if wrong:
        raise NotProvedError(f"the evidence of {tag} proves nothing: {wrong}", f"relctl verify {tag}")


def _history(host: Host, evidence: Evidence) -> History:
    where = evidence.environment
    if where in ("", host.paths.environment):
        return host.ledger.read()
    if not _NAME.fullmatch(where):
        return History([])
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
