"""The image's config and labels: complete, and free of anything that differs between machines."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from relctl.build.image_config import config, labels
from relctl.build.tarball import Layer
from unit.build.build_job import job

OCI = {
    *("created", "authors", "url", "documentation", "source", "version", "revision", "vendor", "licenses"),
    *("ref.name", "title", "description", "base.digest", "base.name"),
}
FACTS = {"packages": "sha256:1", "lock": "sha256:2", "dependencies": "flask==3.1.0"}


def test_all_fourteen_keys_of_the_oci_specification_are_there(tmp_path: Path) -> None:
    found = labels(job(tmp_path, {}), FACTS)
    prefix = "org.opencontainers.image."
    assert {name.removeprefix(prefix) for name in found if name.startswith(prefix)} == OCI
    assert {name for name, value in found.items() if not value} == {
        f"{prefix}{name}" for name in OCI - {"created", "version", "revision", "ref.name", "title"}
    }


def test_our_own_labels_bind_an_image_to_its_service_commit_model_and_locks(tmp_path: Path) -> None:
    found = job(tmp_path, {})
    own = {name.removeprefix("io.relctl."): value for name, value in labels(found, FACTS).items()}
    assert (
        own.items()
        >= {
            "service": "x",
            "tag": str(found.tag),
            "version": "1.2.0",
            "revision": found.source.revision,
            "model.name": "tiny",
            "model.revision": "1",
            "model.sha256": "0" * 64,
            "python": "3.11",
            "base.packages": "sha256:1",
            "lock": "sha256:2",
        }.items()
    )


def test_a_base_image_is_named_by_name_and_digest(tmp_path: Path) -> None:
    digest = "sha256:" + "a" * 64
    found = labels(job(tmp_path, {}, base={"image": f"python:3.11-slim@{digest}"}), {})
    assert found["org.opencontainers.image.base.name"] == "python:3.11-slim"
    assert found["org.opencontainers.image.base.digest"] == digest


def test_a_project_fills_in_what_no_commit_tells_and_leaves_ours_alone(tmp_path: Path) -> None:
    vendor = {"org.opencontainers.image.vendor": "ACME"}
    found = job(tmp_path, {}, labels=vendor)
    assert labels(found, {})["org.opencontainers.image.vendor"] == "ACME"
    with pytest.raises(ValidationError, match="are written by relctl"):
        type(found.versions).model_validate(
            found.versions.model_dump() | {"labels": {"io.relctl.tag": "v1.0.0-abc1234"}}
        )


def test_the_config_runs_the_command_as_nobody_and_knows_its_layers(tmp_path: Path) -> None:
    found = job(tmp_path, {})
    layers = [Layer("base", "sha256:a", 1, None), Layer("code", "sha256:b", 1, None)]
    document = json.loads(config(found, layers, {"a": "b"}))
    assert document["architecture"] == "amd64"
    assert document["rootfs"] == {"type": "layers", "diff_ids": ["sha256:a", "sha256:b"]}
    assert len(document["history"]) == 2
    inner = document["config"]
    assert inner["User"] == "65532:65532"
    assert inner["Cmd"] == ["python3.11", "-m", "app"]
    assert inner["ExposedPorts"] == {"8000/tcp": {}}
    assert {"PATH=/app/site/bin:/usr/bin:/bin", "PYTHONPATH=/app/code:/app/site", "PORT=8000"} <= set(
        inner["Env"]
    )
    assert str(tmp_path) not in json.dumps(document)
