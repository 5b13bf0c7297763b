"""The model layer: the commit's model files, checked against the checksum in versions.yaml."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import PurePosixPath

from relctl.build import tarball
from relctl.build.cache import key
from relctl.build.checkout import Blob, Checkout, Reader
from relctl.build.job import Job
from relctl.build.tarball import Digesting, Layer, Stream
from relctl.config.versions import Model
from relctl.errors import BuildError

FOLDER = "app/model"


def layer(job: Job) -> Layer:
    """Return the layer of the model's files; their time is the epoch, see `dependencies.layer`.

    Raises BuildError if the files do not match `model.sha256`. A cached layer was checked against the same
    checksum when it was written.
    """
    source, model = job.source, job.versions.model
    path = str(model.path)

    def write(out: Digesting) -> Mapping[str, str]:
        job.say(f"checking and packing the model {model.name} {model.revision}")
        sums: dict[str, str] = {}
        with source.contents() as contents:
            entries = [_entry(blob, path, contents, sums) for blob in source.files(path)]
            tarball.write(entries, tarball.EPOCH, out)
        found = checksum(sums)
        if found != model.sha256:
            raise _other(model, source, found)
        return {}

    return job.cache.layer("model", key(source.identities([path]), model.sha256), write)


def checksum(sums: Mapping[str, str]) -> str:
    """Return the checksum of a folder from those of its files, by relative path.

    It is the sha256 of the output of `sha256sum` for the files sorted by path, computable without
    relctl; docs/explanation/building.md has the command.
    """
    lines = "".join(f"{sums[path]}  {path}\n" for path in sorted(sums))
    return hashlib.sha256(lines.encode()).hexdigest()


def _entry(blob: Blob, folder: str, contents: Reader, sums: dict[str, str]) -> tarball.Entry:
    if blob.link:
        raise BuildError(
            f"{blob.path}: a symbolic link, which the checksum does not cover", "commit the file itself"
        )
    path = (
        str(PurePosixPath(blob.path).relative_to(folder))
        if blob.path != folder
        else PurePosixPath(folder).name
    )

    @contextmanager
    def summed() -> Iterator[Stream]:
        with contents.open(blob) as stream:
            digesting = _Summing(stream)
            yield digesting
        sums[path] = digesting.hash.hexdigest()

    return tarball.file(f"{FOLDER}/{path}", blob.size, summed)


class _Summing:
    """A stream that hashes what is read from it."""

    def __init__(self, stream: Stream) -> None:
        self._stream, self.hash = stream, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        content = self._stream.read(size)
        self.hash.update(content)
        return content


def _other(model: Model, source: Checkout, found: str) -> BuildError:
    return BuildError(
        f"{model.path} of commit {source.revision[:7]} is not the model that versions.yaml promises:\n"
        f"  model.sha256: {model.sha256}\n  found:        {found}",
        f"restore the files, or, if they are meant, write model.sha256: {found} into versions.yaml",
    )
