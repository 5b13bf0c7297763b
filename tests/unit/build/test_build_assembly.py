"""The image before any engine has seen it: its ids, its archive, and what an engine lacks of it."""

import hashlib
import json
import tarfile
from pathlib import Path

import pytest

from relctl.build.assembly import Assembly, in_common, write_archive
from relctl.build.tarball import Layer


def layer(folder: Path, name: str) -> Layer:
    tar = folder / f"{name}.tar"
    tar.write_bytes(name.encode() * 100)
    return Layer(name, f"sha256:{hashlib.sha256(tar.read_bytes()).hexdigest()}", tar.stat().st_size, tar)


@pytest.fixture
def image(tmp_path: Path) -> Assembly:
    config = json.dumps({"architecture": "amd64", "os": "linux"}).encode()
    return Assembly("translator:v1.0.0-abc1234", config, (layer(tmp_path, "base"), layer(tmp_path, "code")))


def members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("ours", "theirs", "count"),
    [
        ("abc", "", 0),
        ("abc", "abc", 3),
        ("abc", "abd", 2),
        ("abc", "ab", 2),
        ("ab", "abcd", 2),
        ("abc", "xbc", 0),  # the same layer over another one is another layer to an engine
        ("", "abc", 0),
    ],
)
def test_layers_are_in_common_from_the_lowest_up(ours: str, theirs: str, count: int) -> None:
    assert in_common(list(ours), list(theirs)) == count


def test_the_ids_are_the_digests_of_config_and_manifest(image: Assembly) -> None:
    assert image.ids == tuple(
        f"sha256:{hashlib.sha256(content).hexdigest()}" for content in (image.config, image.manifest)
    )


def test_the_manifest_is_written_as_docker_writes_it(image: Assembly) -> None:
    """What Docker 26.1 and 28.5 wrote as they saved an image, its digests and sizes but for these."""
    layers = ",".join(
        f'{{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{each.digest}","size":{each.size}}}'
        for each in image.layers
    )
    config = f'"digest":"{image.ids[0]}","size":{len(image.config)}'
    assert image.manifest.decode() == (
        '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":'
        f'{{"mediaType":"application/vnd.oci.image.config.v1+json",{config}}},"layers":[{layers}]}}'
    )


def test_a_whole_archive_is_an_oci_layout_whose_every_blob_has_its_digest(
    image: Assembly, tmp_path: Path
) -> None:
    write_archive(tmp_path / "image.tar", image, image.layers)
    found = members(tmp_path / "image.tar")
    blobs = {name: content for name, content in found.items() if name.startswith("blobs/sha256/")}
    assert all(name.endswith(hashlib.sha256(content).hexdigest()) for name, content in blobs.items())
    manifest = json.loads(found["index.json"])["manifests"][0]
    described = json.loads(blobs[f"blobs/{manifest['digest'].replace(':', '/')}"])
    for each in (manifest, described["config"], *described["layers"]):
        assert len(blobs[f"blobs/{each['digest'].replace(':', '/')}"]) == each["size"]
    assert json.loads(found["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}


def test_a_thin_archive_names_every_layer_and_holds_only_those_that_are_lacking(
    image: Assembly, tmp_path: Path
) -> None:
    write_archive(tmp_path / "image.tar", image, image.layers[1:])
    found = members(tmp_path / "image.tar")
    base, code = (f"blobs/{layer.digest.replace(':', '/')}" for layer in image.layers)
    (manifest,) = json.loads(found["manifest.json"])
    assert manifest["Layers"] == [base, code]
    assert manifest["RepoTags"] == ["translator:v1.0.0-abc1234"]
    assert code in found
    assert base not in found
