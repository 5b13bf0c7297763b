"""What a verification leaves when it cannot write everything: never an older pass."""

import errno
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from happenings import recorded
from relctl.report.page import index_of
from relctl.state import fault_points
from relctl.state.evidence import Evidence, EvidenceStore, GateResult, Outcome
from relctl.state.paths import Paths
from relctl.verify import verify

SUBJECT = cast("Any", SimpleNamespace(project=None, engine=None, image=None, tag=None))
IMAGE, PIPELINE = "sha256:" + "1" * 64, "sha256:" + "2" * 64


def evidence(verdict: Outcome) -> Evidence:
    now = datetime.now(UTC)
    gate = GateResult(name="x", verdict=verdict, figures={}, reason="", seconds=0)
    return Evidence(
        image_id=IMAGE,
        tag="v1.0.0-abc12de",
        pipeline=PIPELINE,
        verdict=verdict,
        gates=[gate],
        started=now,
        ended=now,
        relctl="0",
    )


def full(*_: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("broken", ["write", "Ledger", "EvidenceStore.save"])
def test_a_full_disk_leaves_no_evidence_of_an_earlier_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    paths = Paths(tmp_path, "svc", "local")
    store = EvidenceStore(paths.evidence)
    store.save(evidence("pass"))
    monkeypatch.setattr(verify, "_run_pipeline", lambda *_: evidence("fail"))
    monkeypatch.setattr(verify, "hold_image", lambda *_: False)
    monkeypatch.setattr(verify, "write", lambda *_: None)
    monkeypatch.setattr(f"relctl.verify.verify.{broken}", full)
    with pytest.raises(OSError, match="No space left"):
        verify.verify(SUBJECT, paths, lambda _: None)
    assert store.find(IMAGE, PIPELINE) is None


def test_an_index_that_cannot_be_written_is_said_and_the_evidence_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths, said = Paths(tmp_path, "svc", "local"), list[str]()
    monkeypatch.setattr(verify, "_run_pipeline", lambda *_: evidence("pass"))
    monkeypatch.setattr(verify, "hold_image", lambda *_: False)
    index_of(paths.evidence).mkdir(parents=True)  # nothing can be renamed to it
    found, path = verify.verify(SUBJECT, paths, said.append)
    assert EvidenceStore(paths.evidence).find(IMAGE, PIPELINE) == found
    assert path.exists()
    [words] = said
    assert words.startswith("the index of reports is out of date: ")
    assert "Is a directory" in words


def test_a_new_run_takes_the_place_of_an_earlier_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = Paths(tmp_path, "svc", "local")
    store = EvidenceStore(paths.evidence)
    store.save(evidence("pass"))
    monkeypatch.setattr(verify, "_run_pipeline", lambda *_: evidence("fail"))
    monkeypatch.setattr(verify, "hold_image", lambda *_: False)
    found, path = verify.verify(SUBJECT, paths, lambda _: None)
    assert store.find(IMAGE, PIPELINE) == found
    assert path.with_suffix(".html").name in index_of(paths.evidence).read_text()
    assert path.with_suffix(".html").exists()
    assert found.verdict == "fail"


def held(*_: Any) -> None:
    fault_points.point("after", "image.name", "hold")


def test_the_evidence_is_written_last_and_what_an_earlier_run_found_goes_before_anything_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "_run_pipeline", lambda *_: evidence("pass"))
    monkeypatch.setattr(verify, "hold_image", held)
    with recorded(tmp_path / "record") as record:
        _, path = verify.verify(SUBJECT, Paths(tmp_path, "svc", "local"), lambda _: None)
    found = [each for each in record.happened("take", "free") if "owner" not in each]
    assert found == [
        "name hold",
        "delete evidence",
        f"file {path.with_suffix('.html').name}",
        "write verified",
        f"file {path.name}",
        "file index.html",
    ]
