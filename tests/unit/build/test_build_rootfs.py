"""The base's files: what of Debian's packages is kept."""

import io
import tarfile

import pytest

from relctl.build import tarball
from relctl.build.base import entries
from relctl.build.debian import Package
from relctl.build.tarball import Digesting

KEPT = (
    "usr/bin/python3.11",
    "usr/lib/python3.11/os.py",
    "lib/x86_64-linux-gnu/libc.so.6",
    "etc/services",
    "etc/ssl/openssl.cnf",
    "usr/share/doc/zlib1g/copyright",
    "usr/share/zoneinfo/UTC",
    "usr/share/ca-certificates/mozilla/B.crt",
    "usr/share/ca-certificates/mozilla/A.crt",
)
DROPPED = (
    "bin/tar",
    "usr/bin/dpkg",
    "usr/bin/openssl",
    "usr/sbin/update-ca-certificates",
    "sbin/start-stop-daemon",
    "etc/resolv.conf",
    "etc/hostname",
    "etc/apt/sources.list",
    "var/cache/apt/archives/zlib1g_1%3a1_amd64.deb",
    "var/log/dpkg.log",
    "usr/share/doc/zlib1g/changelog.gz",
    "usr/share/man/man1/x.1.gz",
    "usr/share/locale/de/LC_MESSAGES/dpkg.mo",
    "lib/systemd/system/x.service",
    "usr/lib/x86_64-linux-gnu/gconv/BIG5.so",
)


@pytest.fixture
def members() -> dict[str, bytes]:
    """The members of a base layer made from a small root; a link's content is its target."""
    with tarfile.open(fileobj=io.BytesIO(_bootstrapped())) as root:
        content = io.BytesIO()
        found = [Package("zlib1g", "1:1.2.13", "a" * 64)]
        tarball.write(entries(root, found, "bookworm"), 0, Digesting(content))
    content.seek(0)
    with tarfile.open(fileobj=content) as layer:
        return {member.name: _content(layer, member) for member in layer if not member.isdir()}


def _bootstrapped() -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        for name in (*KEPT, *DROPPED):
            header = tarfile.TarInfo(f"./{name}")
            header.size, header.mode, header.uid, header.mtime = len(name), 0o4755, 1000, 12345
            tar.addfile(header, io.BytesIO(name.encode()))
        for kind, name, target in (
            (tarfile.SYMTYPE, "usr/share/doc/libgomp1", "gcc-12-base"),
            (tarfile.LNKTYPE, "usr/share/zoneinfo/Zulu", "./usr/share/zoneinfo/UTC"),
        ):
            header = tarfile.TarInfo(f"./{name}")
            header.type, header.linkname = kind, target
            tar.addfile(header)
    return content.getvalue()


def _content(layer: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    if member.issym():
        return member.linkname.encode()
    return layer.extractfile(member).read()  # type: ignore[union-attr]


@pytest.mark.parametrize("name", KEPT)
def test_what_a_service_needs_while_it_runs_is_kept(members: dict[str, bytes], name: str) -> None:
    assert members[name] == name.encode()


@pytest.mark.parametrize("name", DROPPED)
def test_what_only_installs_documents_or_tells_of_this_machine_is_dropped(
    members: dict[str, bytes], name: str
) -> None:
    assert name not in members


def test_links_are_kept_and_a_hard_link_becomes_a_file(members: dict[str, bytes]) -> None:
    assert members["usr/share/doc/libgomp1"] == b"gcc-12-base"
    assert members["usr/share/zoneinfo/Zulu"] == b"usr/share/zoneinfo/UTC"


def test_folders_that_moved_to_usr_are_reached_by_their_old_names(members: dict[str, bytes]) -> None:
    assert members["bin"] == b"usr/bin"
    assert "lib" not in members  # it is a folder here, as packages of Debian 12 have it


def test_the_certificates_are_joined_in_the_order_of_their_names(members: dict[str, bytes]) -> None:
    assert members["etc/ssl/certs/ca-certificates.crt"].decode().splitlines() == [
        "usr/share/ca-certificates/mozilla/A.crt",
        "usr/share/ca-certificates/mozilla/B.crt",
    ]


def test_there_is_a_user_who_is_not_root(members: dict[str, bytes]) -> None:
    assert b"nonroot:x:65532:65532:" in members["etc/passwd"]


def test_scanners_find_what_is_installed(members: dict[str, bytes]) -> None:
    assert b"Package: zlib1g\n" in members["var/lib/dpkg/status.d/zlib1g"]
    assert b"Version: 1:1.2.13\n" in members["var/lib/dpkg/status.d/zlib1g"]
