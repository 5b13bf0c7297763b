"""What is changed while a verification runs proves nothing: a pipeline, or any file that it reads."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hosts import Bench
from relctl.engine.protocol import Image
from relctl.errors import ConfigError, RelctlError, UsageError
from relctl.rollout.admission import proof
from relctl.state.evidence import GateResult
from relctl.tag import Tag
from relctl.verify import verify
from relctl.verify.trial.trial import Subject

PIPELINE = "pipelines/verify.yaml"
EXTRA = """\
  - {gate: contract, cases: pipelines/contract.yaml, data_set: pipelines/texts.tsv, texts: 2, rounds: 1}
  - {gate: command, name: own, run: [python3, pipelines/own.py], timeout: 5s}
"""
FILES = {
    "pipelines/contract.yaml": "cases:\n  - {name: x, request: {path: /}, expect: {status: 200}}\n",
    "pipelines/texts.tsv": "source\treference\n你好\thello\n再见\tbye\n",
    "pipelines/own.py": "print()\n",
}
TAG = Tag("1.0.0", "abc12de")


@pytest.fixture
def stand(tmp_path: Path) -> Bench:
    made = Bench(tmp_path)
    with (tmp_path / PIPELINE).open("a") as file:
        file.write(EXTRA)
    for name, content in FILES.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    made.image("1.0.0")
    return made


def image(stand: Bench, version: str) -> Image:
    found = stand.engine.image(f"sha256:{version}")
    assert found is not None
    return found


def verified(
    stand: Bench, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], Any], live: Image | None = None
) -> Path:
    """Verify the image with one gate that passes; something happens meanwhile."""

    @contextlib.contextmanager
    def trial(*_: Any) -> Iterator[None]:
        yield

    def gates(*_: Any) -> list[GateResult]:
        meanwhile()
        return [GateResult(name="startup", verdict="pass", figures={}, reason="", seconds=0.0)]

    monkeypatch.setattr(verify, "trial", trial)
    monkeypatch.setattr(verify, "run_gates", gates)
    subject = Subject(stand.host.project, stand.engine, TAG, image(stand, "1.0.0"), live)
    return verify.verify(subject, stand.host.paths, stand.said.append)[1]


def nothing() -> None:
    """Nothing happens."""


@pytest.mark.parametrize("name", [PIPELINE, "pipelines/smoke.yaml", *FILES])
def test_a_file_of_the_pipeline_that_was_changed_while_it_ran_proves_nothing(
    stand: Bench, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = stand.folder / name

    def edit() -> None:
        path.write_text(f"{path.read_text(encoding='utf-8')}# changed\tx\n", encoding="utf-8")

    with pytest.raises(UsageError, match="was changed while it ran: nothing is proved") as raised:
        verified(stand, monkeypatch, edit)
    assert raised.value.hint == f"relctl verify {TAG}"
    assert not stand.host.evidence.knows("sha256:1.0.0")
    assert stand.events() == []


@pytest.mark.parametrize("name", [PIPELINE, "pipelines/smoke.yaml", "pipelines/texts.tsv"])
def test_a_file_that_is_gone_when_it_ends_proves_nothing(
    stand: Bench, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    assert stand.host.project.pipeline().checksum
    with pytest.raises(ConfigError, match=name):
        verified(stand, monkeypatch, (stand.folder / name).unlink)
    assert not stand.host.evidence.knows("sha256:1.0.0")


def test_what_is_no_part_of_the_pipeline_may_change(stand: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = verified(stand, monkeypatch, (stand.folder / "pipelines" / "other.yaml").touch)
    assert kept.exists()
    assert stand.events() == ["verified"]


def test_evidence_says_what_it_was_found_with_and_under(
    stand: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By these promote decides whether it proves a release here and now."""
    verified(stand, monkeypatch, nothing)
    pipeline, project = stand.host.project.pipeline(), stand.host.project
    found = stand.host.evidence.find("sha256:1.0.0", pipeline.checksum)
    assert found is not None
    assert (found.tag, found.environment, found.pipeline_file) == (str(TAG), project.name, PIPELINE)
    assert found.service == project.versions.service
    assert found.resources == project.environment.resources.model_dump()
    assert found.data_sets == {str(path): each.sha256 for path, each in pipeline.data_sets.items()}
    assert (found.reference, found.reference_tag) == ("", "")
    assert found.started <= found.ended
    assert set(found.tools) == {"numpy", "sacrebleu", "python"}


def test_evidence_names_the_release_that_it_was_compared_with(
    stand: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = stand.image("0.9.0")
    verified(stand, monkeypatch, nothing, image(stand, "0.9.0"))
    found = stand.host.evidence.newest("sha256:1.0.0")
    assert found is not None
    assert (found.reference, found.reference_tag) == ("sha256:0.9.0", str(live))


def test_a_promote_takes_no_proof_of_a_pipeline_that_was_changed_since(stand: Bench) -> None:
    stand.evidence("sha256:1.0.0", TAG)
    assert proof(stand.host, TAG, image(stand, "1.0.0"), "").tag == str(TAG)
    for name in (PIPELINE, "pipelines/smoke.yaml", *FILES):
        before = (stand.folder / name).read_text(encoding="utf-8")
        (stand.folder / name).write_text(f"{before}# changed\tx\n", encoding="utf-8")
        with pytest.raises(RelctlError, match="by another pipeline than"):
            proof(stand.host, TAG, image(stand, "1.0.0"), "")
        (stand.folder / name).write_text(before, encoding="utf-8")
