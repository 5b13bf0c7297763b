"""The code layers: the service's packages from the commit, and release.json, its identity."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import PurePosixPath

from relctl.build import tarball
from relctl.build.cache import key
from relctl.build.checkout import Blob, Reader
from relctl.build.job import Job
from relctl.build.tarball import Digesting, Layer

CODE = "app/code"
RELEASE = "app/release.json"


def layers(job: Job) -> list[Layer]:
    """Return the code layers, lowest first: one per path in versions.yaml, in its order.

    A change rebuilds its own layer and those above it, so list rarely changed paths first. The last one
    changes with every commit: it holds release.json, and its files carry the commit's time (ADR 1).
    """
    *lower, last = job.versions.code
    names = {path: "-".join(("code", *_below(job, path).parts)) for path in lower}
    top = _layer(job, "code", last, job.source.created, {RELEASE: release_json(job)})
    return [*(_layer(job, names[path], path, tarball.EPOCH, {}) for path in lower), top]


def _layer(job: Job, name: str, path: PurePosixPath, mtime: int, texts: Mapping[str, str]) -> Layer:
    """Return the layer of a path and of more files by their texts."""

    def write(out: Digesting) -> Mapping[str, str]:
        with job.source.contents() as contents:
            more = (tarball.text(*each) for each in texts.items())
            tarball.write([*_entries(job, path, contents), *more], mtime, out)
        return {}

    return job.cache.layer(name, key(_key(job, path), texts, mtime), write)


def release_json(job: Job) -> str:
    """Return what the service reports about itself at /version."""
    versions = job.versions
    found = {
        "service": versions.service,
        "tag": str(job.tag),
        "version": versions.version,
        "revision": job.source.revision,
        "created": timestamp(job.source.created),
        "image": {
            "name": job.target.image(versions.image),
            "platform": job.target.platform,
            "base": versions.base.image or f"bootstrap:{versions.base.bootstrap}",
        },
        "model": versions.model.model_dump(include={"name", "revision", "sha256", "license"}),
    }
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def timestamp(seconds: int) -> str:
    """Format a time as RFC 3339 in UTC, as image configs require."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _key(job: Job, path: PurePosixPath) -> str:
    """Return a cache key of a path: its files, and the paths that are layers of their own."""
    places = [str(other) for other in job.versions.code]
    return key(job.source.identities([str(path)]), places)


def _entries(job: Job, path: PurePosixPath, contents: Reader) -> Iterator[tarball.Entry]:
    """Yield the files of a path, except those that a more specific path names."""
    inner = [other for other in job.versions.code if other != path and other.is_relative_to(path)]
    for blob in job.source.files(str(path)):
        file = PurePosixPath(blob.path)
        if not any(file.is_relative_to(other) for other in inner):
            yield _entry(blob, f"{CODE}/{_below(job, file)}", contents)


def _below(job: Job, path: PurePosixPath) -> PurePosixPath:
    """Map a path to its place below /app/code: service/translator is the package translator."""
    outer = [code for code in job.versions.code if path.is_relative_to(code)]
    return path.relative_to(min(outer, key=lambda code: len(code.parts)).parent)


def _entry(blob: Blob, path: str, contents: Reader) -> tarball.Entry:
    if blob.link:
        with contents.open(blob) as stream:
            return tarball.link(path, stream.read(blob.size).decode())
    return tarball.file(path, blob.size, lambda: contents.open(blob), blob.executable)
