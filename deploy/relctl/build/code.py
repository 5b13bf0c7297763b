"""The code layer: the service's package from the commit, and release.json, which tells it who it is."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import PurePosixPath

from relctl.build import tarball
from relctl.build.cache import key
from relctl.build.checkout import Blob, Checkout, Reader
from relctl.build.job import Job
from relctl.build.layer import Digesting, Layer

CODE = "app/code"
RELEASE = "app/release.json"


def layer(job: Job) -> Layer:
    """Return the layer of the code and release.json; the time of its files is the commit's."""
    source, release = job.source, release_json(job)
    paths = [str(path) for path in job.versions.code]

    def write(out: Digesting) -> Mapping[str, str]:
        with source.contents() as contents:
            code = (entry for path in paths for entry in _entries(source, path, contents))
            tarball.write([*code, tarball.text(RELEASE, release)], source.created, out)
        return {}

    return job.cache.layer("code", key(source.identities(paths), release, source.created), write)


def release_json(job: Job) -> str:
    """Return what the service tells about itself at /version."""
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
    """Return a time as RFC 3339 in UTC, which is what image configs hold."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _entries(source: Checkout, path: str, contents: Reader) -> Iterator[tarball.Entry]:
    """Put a code path below /app/code under its last name: service/translator is the package translator."""
    parent = PurePosixPath(path).parent
    for blob in source.files(path):
        yield _entry(blob, f"{CODE}/{PurePosixPath(blob.path).relative_to(parent)}", contents)


def _entry(blob: Blob, path: str, contents: Reader) -> tarball.Entry:
    if blob.link:
        with contents.open(blob) as stream:
            return tarball.link(path, stream.read(blob.size).decode())
    return tarball.file(path, blob.size, lambda: contents.open(blob), blob.executable)
