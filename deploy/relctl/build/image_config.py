"""The image config: labels, user, command, and the paths of code, model and release.json."""

from collections.abc import Mapping, Sequence
from typing import Any

from relctl.build import code, dependencies, model
from relctl.build.assembly import encoded
from relctl.build.base import USER
from relctl.build.job import Job
from relctl.build.tarball import Layer
from relctl.config.versions import Versions
from relctl.engine.labels import (
    BASE_PACKAGES,
    CONTRACT,
    DEPENDENCIES,
    LOCK,
    MODEL,
    MODEL_SHA256,
    OCI,
    PYTHON,
    REVISION,
    SERVICE,
    TAG,
    VERSION,
    label_of,
)


def config(job: Job, layers: Sequence[Layer], labels: Mapping[str, str]) -> bytes:
    """Return the config (OCI image specification, config.md); its digest is the image id."""
    created, versions = code.timestamp(job.source.created), job.versions
    document: dict[str, Any] = {
        "architecture": job.target.architecture,
        "os": "linux",
        "created": created,
        "config": {
            "User": f"{USER}:{USER}",
            "Env": [f"{name}={value}" for name, value in environment(versions).items()],
            "Cmd": versions.command,
            "WorkingDir": "/app",
            "ExposedPorts": {f"{versions.contract.port}/tcp": {}},
            "Labels": dict(labels),
        },
        "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in layers]},
        "history": [{"created": created, "created_by": f"relctl build: {layer.name}"} for layer in layers],
    }
    return encoded(document)


def environment(versions: Versions) -> dict[str, str]:
    """Return the environment variables of the service; none depends on a host."""
    local = "" if versions.base.bootstrap else "/usr/local/bin:"
    return {
        "PATH": f"/{dependencies.SITE}/bin:{local}/usr/bin:/bin",
        "PYTHONPATH": f"/{code.CODE}:/{dependencies.SITE}",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "MODEL_DIR": f"/{model.FOLDER}",
        "RELEASE_FILE": f"/{code.RELEASE}",
        "PORT": str(versions.contract.port),
    }


def labels(job: Job, facts: Mapping[str, str]) -> dict[str, str]:
    """Return all labels: the 14 keys of the OCI image specification, ours, and the project's own.

    Keys that the commit does not determine stay blank, above all `source` and `url`: the address of a clone
    differs between machines, but the same commit must give the same image id. versions.yaml may set them
    under `labels`.
    """
    return {**_oci(job), **_own(job, facts), **job.versions.labels}


def _oci(job: Job) -> dict[str, str]:
    source, versions = job.source, job.versions
    name, _, digest = versions.base.image.partition("@")
    known = {
        "created": code.timestamp(source.created),
        "version": versions.version,
        "revision": source.revision,
        "ref.name": str(job.tag),
        "title": versions.service,
        "base.name": name,
        "base.digest": digest,
    }
    blank = ("authors", "description", "documentation", "licenses", "source", "url", "vendor")
    return {f"{OCI}{key}": value for key, value in {**dict.fromkeys(blank, ""), **known}.items()}


def _own(job: Job, facts: Mapping[str, str]) -> dict[str, str]:
    source, versions = job.source, job.versions
    return {
        SERVICE: versions.service,
        TAG: str(job.tag),
        CONTRACT: label_of(versions.contract),
        VERSION: versions.version,
        REVISION: source.revision,
        PYTHON: versions.python,
        f"{MODEL}name": versions.model.name,
        f"{MODEL}revision": versions.model.revision,
        MODEL_SHA256: versions.model.sha256,
        f"{MODEL}license": versions.model.license,
        BASE_PACKAGES: facts.get("packages", ""),
        LOCK: facts.get("lock", ""),
        DEPENDENCIES: facts.get("dependencies", ""),
    }
