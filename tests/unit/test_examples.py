"""The examples are what they say: relctl's own loaders read them, and their checksums are right."""

import json
import re
import shutil
from pathlib import Path

import pytest

from relctl.config.environment import Environment
from relctl.config.pipeline import PipelineFile
from relctl.config.project import Project, load
from relctl.config.validate import Section
from relctl.config.versions import Versions
from scratch import ROOT, model_checksum
from unit.test_documents import GATES, NOTHING, fields

EXAMPLES = ROOT / "examples"
ANNOTATED = EXAMPLES / "annotated"


@pytest.fixture
def hello(tmp_path: Path) -> Project:
    """The smallest service, copied out of this repository as the tutorial does."""
    copied = tmp_path / "hello"
    shutil.copytree(EXAMPLES / "hello", copied)
    return load(copied, "local", {})


def test_the_smallest_service_is_a_valid_project_of_its_own(hello: Project) -> None:
    assert hello.versions.service == "hello"
    assert [gate.gate for gate in hello.pipeline().gates][:2] == ["startup", "identity"]


def test_the_smallest_service_names_the_checksum_of_its_model(hello: Project) -> None:
    assert hello.versions.model.sha256 == model_checksum(hello.root / hello.versions.model.path)


def test_the_smallest_service_asks_what_its_model_answers(hello: Project) -> None:
    asked = hello.pipeline().ask
    code = (hello.root / "service" / "hello" / "__main__.py").read_text(encoding="utf-8")
    assert f'["{asked.text}"]' in code
    assert f'"{asked.translation}": ' in code
    assert "{name}" in json.loads((hello.root / "model" / "greeting.json").read_text())["greeting"]


@pytest.fixture
def annotated(tmp_path: Path) -> Project:
    """The annotated files in a project, each in its place, beside what the pipeline names."""
    shutil.copytree(ROOT / "pipelines", tmp_path / "pipelines")
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "check-licences").touch(mode=0o755)
    (tmp_path / "deploy" / "environments").mkdir(parents=True)
    shutil.copy(ANNOTATED / "versions.yaml", tmp_path)
    shutil.copy(ANNOTATED / "pipeline.yaml", tmp_path / "pipelines" / "verify.yaml")
    shutil.copy(ANNOTATED / "environment.yaml", tmp_path / "deploy" / "environments" / "annotated.yaml")
    return load(tmp_path, "annotated", {})


def test_the_annotated_files_are_read_by_relctl(annotated: Project) -> None:
    assert annotated.versions.image == "translator"
    assert sorted({gate.gate for gate in annotated.pipeline().gates}) == sorted(GATES)


def test_the_annotated_environment_shows_the_defaults(annotated: Project) -> None:
    shown = annotated.environment.model_dump()
    assert shown == Environment.model_validate({}).model_dump()


@pytest.mark.parametrize(
    ("file", "models"),
    [
        ("versions.yaml", [Versions]),
        ("environment.yaml", [Environment]),
        ("pipeline.yaml", [PipelineFile, *GATES.values()]),
    ],
)
def test_the_annotated_files_explain_every_key(file: str, models: list[type[Section]]) -> None:
    text = (ANNOTATED / file).read_text(encoding="utf-8")
    keys = {key.rpartition(".")[2].removesuffix("[]") for model in models for key, _ in fields(model)}
    assert {key for key in keys if not re.search(rf"(?<![\w.]){key}: ?", text)} == set()


def test_the_annotated_versions_show_the_defaults(annotated: Project) -> None:
    shown = annotated.versions.contract
    for name, info in type(shown).model_fields.items():
        if not info.is_required() and info.get_default() not in NOTHING:
            assert getattr(shown, name) == info.get_default(call_default_factory=True), name
    assert annotated.versions.retain == Versions.model_fields["retain"].default
