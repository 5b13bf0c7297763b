"""What promote takes as proof: this image, this pipeline, limits as here, young enough, well compared."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from relctl.config.environment import Resources
from relctl.config.gates import IdentitySettings, LatencySettings
from relctl.engine.protocol import Image
from relctl.errors import NotProvedError
from relctl.rollout.admission import proof
from relctl.state.event import Event
from relctl.state.evidence import Evidence, EvidenceStore, GateResult
from relctl.state.ledger import LedgerContent
from relctl.tag import Tag

TAG = Tag("1.0.0", "abc12de")
IMAGE = Image("sha256:" + "1" * 64, (), {}, (), "65532", 1)
LIVE, PIPELINE = "sha256:" + "2" * 64, "sha256:" + "3" * 64
COMPARES = LatencySettings(
    gate="latency", data_set="x.tsv", rate=1, margins={"p50": 1}, max_p95="1s", rounds=20, round="1s"
)
FORMER, NEVER = "sha256:" + "4" * 64, "sha256:" + "6" * 64
IDENTITY = IdentitySettings(gate="identity")


def evidence(ago: timedelta = timedelta(0), **changes: Any) -> Evidence:
    """Evidence that passed so long ago: told when it is made, for its test may run long after collection."""
    now = datetime.now(UTC) - ago
    gate = GateResult(name="x", verdict="pass", figures={}, reason="", seconds=0)
    facts = {
        "image_id": IMAGE.id,
        "tag": str(TAG),
        "pipeline": PIPELINE,
        "verdict": "pass",
        "gates": [gate],
        "started": now,
        "ended": now,
        "relctl": "0",
        "reference": LIVE,
        "resources": Resources().model_dump(),
    }
    return Evidence.model_validate(facts | changes)


def proved(
    folder: Path, found: Evidence | None, gates: tuple[Any, ...] = (COMPARES,), live: str = LIVE, **env: Any
) -> list[str]:
    """Ask for the proof; returns what was said besides."""
    said: list[str] = []
    store = EvidenceStore(folder)
    if found:
        store.save(found)
    environment = SimpleNamespace(resources=Resources(), max_age=None, pipeline="pipelines/verify.yaml")
    vars(environment).update(env)
    project = SimpleNamespace(
        pipeline=lambda: SimpleNamespace(checksum=PIPELINE, gates=gates),
        name="local",
        environment=environment,
    )
    content = LedgerContent([Event("promoted", image_id=FORMER), Event("verified", image_id=NEVER)])
    ledger = SimpleNamespace(read=lambda: content)
    host = SimpleNamespace(project=project, evidence=store, ledger=ledger, say=said.append)
    assert proof(cast("Any", host), TAG, IMAGE, live) == found
    return said


def test_evidence_of_a_comparison_with_live_is_taken(tmp_path: Path) -> None:
    assert proved(tmp_path, evidence()) == []


def test_a_comparison_with_another_release_than_live_is_said(tmp_path: Path) -> None:
    [said] = proved(tmp_path, evidence(reference=FORMER, reference_tag="v0.9.0-aaaaaaa"))
    assert said.startswith(f"{TAG} was compared with v0.9.0-aaaaaaa; live is {LIVE[:19]} now.")


@pytest.mark.parametrize(
    ("changes", "options", "words"),
    [
        ({"verdict": "fail", "gates": []}, {}, "did not pass its verification"),
        ({"pipeline": "sha256:" + "5" * 64}, {}, "by another pipeline than pipelines/verify.yaml is now"),
        ({"reference": ""}, {}, "verified before anything was live, and so compared with nothing"),
        ({"reference": IMAGE.id}, {}, "verified against itself"),
        (
            {"reference": NEVER, "reference_tag": "v0.8.0-aaaaaaa"},
            {},
            "verified against v0.8.0-aaaaaaa, which never took traffic here",
        ),
        (
            {"resources": Resources(cpus=16).model_dump()},
            {},
            "verified under other limits: cpus 16.0, here 1.5",
        ),
        ({"resources": {}}, {}, "under other limits: cpus unknown, here 1.5; memory unknown"),
        (
            {"ago": timedelta(days=31)},
            {"max_age": 30 * 86_400.0},
            "verified 31.0 days ago; environment local takes evidence of at most 30 days",
        ),
        ({"ago": timedelta(hours=-1)}, {"max_age": 86_400.0}, "verified in the future"),
    ],
)
def test_what_proves_nothing_is_refused_with_the_reason(
    tmp_path: Path, changes: dict[str, Any], options: dict[str, Any], words: str
) -> None:
    EvidenceStore(tmp_path).save(evidence(**changes))
    with pytest.raises(NotProvedError) as raised:
        proved(tmp_path, None, **options)
    assert words in raised.value.message
    assert raised.value.hint.startswith(f"relctl verify {TAG}")


def test_what_was_never_verified_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotProvedError, match="was never verified: no evidence for sha256:11"):
        proved(tmp_path, None)


def test_evidence_for_the_id_of_another_image_store_is_none_and_is_named(tmp_path: Path) -> None:
    EvidenceStore(tmp_path).save(evidence(image_id=FORMER))
    (tmp_path / "0-damaged.json").write_text("{")
    with pytest.raises(NotProvedError, match=r"no evidence for sha256:11.*; there is some for sha256:444"):
        proved(tmp_path, None)
    EvidenceStore(tmp_path / "other").save(evidence(image_id=FORMER, tag="v2.0.0-abc12de"))
    with pytest.raises(NotProvedError, match=r"no evidence for sha256:1+$"):
        proved(tmp_path / "other", None)


@pytest.mark.parametrize(
    ("gates", "live"),
    [
        ((IDENTITY,), LIVE),  # nothing in it compares
        ((IDENTITY, COMPARES.model_copy(update={"off": "not yet"})), LIVE),
        ((COMPARES,), ""),  # a first release
        ((COMPARES,), IMAGE.id),  # once more, where it is live
    ],
)
def test_without_anything_to_compare_with_nothing_is_missed(
    tmp_path: Path, gates: tuple[Any, ...], live: str
) -> None:
    proved(tmp_path, evidence(reference=""), gates, live)
