"""Evidence counts only as the verification wrote it, and as the ledger, unchanged since, says that it did."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hosts import PROVED_IN, Bench
from quiet_host import Quiet, quiet_host
from relctl.errors import NotProvedError
from relctl.rollout.promote import promote
from relctl.rollout.status import status
from relctl.state.event import Event
from relctl.state.evidence import read
from relctl.state.ledger import Ledger
from relctl.tag import Tag

IMAGE = "sha256:2.0.0"


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Quiet]:
    with quiet_host(monkeypatch, tmp_path / "record") as made:
        promote(made.host, made.bench.proved("1.0.0"))
        yield made


def evidence_file(bench: Bench) -> Path:
    return bench.host.evidence.path(IMAGE, bench.host.project.pipeline().checksum)


def ledger_file(bench: Bench) -> Path:
    return replace(bench.host.paths, environment=PROVED_IN).ledger


def rewritten(bench: Bench) -> None:
    """What failed is said to have passed, in a file that is whole."""
    path = evidence_file(bench)
    path.write_text(path.read_text().replace('"fail"', '"pass"'))


def spaced(bench: Bench) -> None:
    path = evidence_file(bench)
    path.write_text(path.read_text() + "\n")


def elsewhere(name: str) -> Callable[[Bench], None]:
    def say(bench: Bench) -> None:
        path = evidence_file(bench)
        path.write_text(path.read_text().replace(f'"{PROVED_IN}"', json.dumps(name)))

    return say


def event_too(bench: Bench) -> None:
    """The event about it is rewritten as well, and another one follows it."""
    rewritten(bench)
    ledger = ledger_file(bench)
    sha256 = read(evidence_file(bench)).sha256
    text = re.sub('"evidence_sha256": "[0-9a-f]+"', f'"evidence_sha256": "{sha256}"', ledger.read_text())
    ledger.write_text(text)


def no_event(bench: Bench) -> None:
    ledger_file(bench).rename(ledger_file(bench).with_suffix(".bad"))


HANDS: dict[str, tuple[Callable[[Bench], None], str]] = {
    "rewritten": (rewritten, "is no longer what "),
    "a space more": (spaced, "is no longer what "),
    "found in another environment": (elsewhere("local"), "the ledger has no verification that wrote"),
    "found nowhere": (elsewhere("../../elsewhere"), "the ledger has no verification that wrote"),
    "found here": (elsewhere(""), "the ledger has no verification that wrote"),
    "its event is rewritten": (event_too, "was edited outside relctl since"),
    "its event is gone": (no_event, "the ledger has no verification that wrote"),
}


def verified(stand: Quiet, verdict: str) -> Tag:
    """Have a release with evidence, and something verified after it."""
    tag = stand.bench.image("2.0.0")
    stand.bench.evidence(IMAGE, tag, verdict=verdict)
    stand.bench.proved("3.0.0")
    return tag


@pytest.mark.parametrize(("hand", "words"), HANDS.values(), ids=HANDS)
def test_evidence_that_a_hand_has_changed_is_refused_with_what_to_type(
    stand: Quiet, hand: Callable[[Bench], None], words: str
) -> None:
    tag = verified(stand, "fail" if hand in (rewritten, event_too) else "pass")
    hand(stand.bench)
    with pytest.raises(NotProvedError, match=words) as raised:
        promote(stand.host, tag)
    assert raised.value.hint == f"relctl verify {tag}"
    assert status(stand.host).live is not None
    assert stand.host.proxy.pointer.read() == "blue"


def test_by_force_it_is_taken_all_the_same_and_status_says_so(stand: Quiet) -> None:
    tag = verified(stand, "fail")
    rewritten(stand.bench)
    assert promote(stand.host, tag, forced="ticket 17") is not None
    assert any("was promoted by force" in each and "ticket 17" in each for each in status(stand.host).notices)


def test_verified_again_it_is_taken_though_the_ledger_was_changed_before(stand: Quiet) -> None:
    tag = verified(stand, "fail")
    event_too(stand.bench)
    stand.bench.evidence(IMAGE, tag)
    assert promote(stand.host, tag) is not None


def test_what_an_older_relctl_has_verified_is_taken(stand: Quiet) -> None:
    tag = verified(stand, "pass")
    ledger = ledger_file(stand.bench)
    lines = [json.loads(line) for line in ledger.read_text().splitlines()]
    older = [{k: v for k, v in each.items() if k not in ("before", "evidence_sha256")} for each in lines]
    ledger.write_text("".join(json.dumps(each) + "\n" for each in older))
    Ledger(ledger).append(Event("pinned"))
    assert promote(stand.host, tag) is not None


def test_a_changed_ledger_is_drift_and_stops_neither_promote_nor_the_way_back(stand: Quiet) -> None:
    promote(stand.host, verified(stand, "pass"))
    path = stand.host.paths.ledger
    path.write_text(path.read_text().replace('"by": "', '"by": "not ', 1))
    [drift] = status(stand.host).drift
    assert drift.startswith(f"{path}:2: the ledger was edited outside relctl")
    assert 'relctl history --accept "why"' in drift
    promote(stand.host, Tag("3.0.0", "abc12de"))
    assert any(drift.startswith(words) for words in stand.bench.said)
    Ledger(path).accept("ticket 17")
    assert status(stand.host).drift == []
