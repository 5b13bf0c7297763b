"""Evidence: bound to one image and one pipeline, and worth no more than its gates."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from relctl.errors import UsageError
from relctl.state.evidence import Evidence, EvidenceStore, GateResult, overall

IMAGE, OTHER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
PIPELINE, NEXT = f"sha256:{'c' * 64}", f"sha256:{'d' * 64}"
NOW = datetime(2026, 5, 1, tzinfo=UTC)


def gate(verdict: Any, name: str = "smoke") -> GateResult:
    return GateResult(name=name, verdict=verdict, figures={}, reason="why", seconds=0.1)


def evidence(*verdicts: str, **members: Any) -> Evidence:
    gates = [gate(verdict, f"gate {number}") for number, verdict in enumerate(verdicts or ["pass"])]
    found: dict[str, Any] = {
        "image_id": IMAGE,
        "tag": "v1.0.0-abc12de",
        "pipeline": PIPELINE,
        "verdict": overall(gates),
    }
    found |= {"verdict": overall(gates), "gates": gates, "started": NOW, "ended": NOW, "relctl": "1"}
    return Evidence.model_validate(found | members)


@pytest.mark.parametrize(
    ("verdicts", "outcome"),
    [
        ([], "fail"),
        (["off"], "fail"),
        (["pass"], "pass"),
        (["pass", "off"], "pass"),
        (["pass", "fail"], "fail"),
        (["pass", "not run"], "fail"),
        (["not run", "off"], "fail"),
    ],
)
def test_all_gates_together_decide(verdicts: list[str], outcome: str) -> None:
    gates = [gate(verdict) for verdict in verdicts]
    assert overall(gates) == outcome
    with pytest.raises(ValidationError, match="contradicts its gates"):
        evidence(gates=gates, verdict="fail" if outcome == "pass" else "pass")


def test_evidence_is_found_by_image_and_pipeline_only(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path)
    saved = evidence("pass", "off")
    path = store.save(saved)
    assert store.find(IMAGE, PIPELINE) == saved
    assert store.find(IMAGE, NEXT) is None
    assert store.find(OTHER, PIPELINE) is None
    assert saved.off == {"gate 1": "why"}
    assert path == store.path(IMAGE, PIPELINE)


def test_the_newest_of_several_pipelines_is_told_by_its_end(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path)
    newer = evidence("fail", pipeline=NEXT, ended=NOW + timedelta(hours=1))
    store.save(newer)
    store.save(evidence())
    store.save(evidence(image_id=OTHER, ended=NOW + timedelta(hours=2)))
    assert store.newest(IMAGE) == newer
    assert store.newest(f"sha256:{'e' * 64}") is None
    assert newer.summary == "failed: gate 0"


@pytest.mark.parametrize("changes", [{"image_id": OTHER}, {"pipeline": NEXT}])
def test_a_file_that_speaks_of_something_else_is_refused(tmp_path: Path, changes: dict[str, str]) -> None:
    store = EvidenceStore(tmp_path)
    path = store.save(evidence())
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    with pytest.raises(UsageError, match="is about another image or pipeline"):
        store.find(IMAGE, PIPELINE)


def test_evidence_that_names_no_service_is_read_and_keeps_its_checksum(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path)
    path = store.save(evidence(service="translator"))
    older = json.loads(path.read_text())
    del older["service"]
    path.write_text(json.dumps(older))
    found = store.find(IMAGE, PIPELINE)
    assert found is not None
    assert found.service == ""
    assert store.sha256(found) == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("member", ["started", "ended"])
def test_a_time_without_a_zone_is_refused(member: str) -> None:
    with pytest.raises(ValidationError, match="timezone"):
        evidence(**{member: "2026-05-01T00:00:00"})


@pytest.mark.parametrize("text", ["", "{}", "[]", "{", '{"v": 2}'])
def test_what_is_no_evidence_is_refused_with_its_file(tmp_path: Path, text: str) -> None:
    store = EvidenceStore(tmp_path)
    path = store.save(evidence())
    path.write_text(text)
    with pytest.raises(UsageError, match="not evidence that this relctl can read") as raised:
        store.find(IMAGE, PIPELINE)
    assert str(path) in raised.value.message
    with pytest.raises(UsageError, match="not evidence that this relctl can read"):
        store.newest(IMAGE)
