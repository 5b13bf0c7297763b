"""A power cut after a promote: what was told to be done is there, with every folder on the way to it."""

from pathlib import Path

import pytest

from power_cut import Disk
from quiet_host import quiet_host
from relctl.rollout.promote import promote
from relctl.state.paths import Paths
from stands import FIRST, SECOND


def files(paths: Paths) -> list[Path]:
    """What a host remembers by; who holds a lock is forgotten with its holder."""
    own = [paths.ledger, paths.proxy / "nginx.conf", paths.proxy / "applied.sha256"]
    return [*own, *paths.evidence.glob("*.json")]


def test_a_first_promote_survives_a_power_cut_and_so_does_the_next(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with quiet_host(monkeypatch, tmp_path / "record") as stand:
        disk = Disk(monkeypatch)
        paths = stand.host.paths
        for tag, slot in ((FIRST, "blue"), (SECOND, "green")):
            promote(stand.host, stand.bench.proved(tag.version))
            assert disk.left(paths.pointer) == f"routes/{slot}"
            for file in files(paths):
                assert disk.left(file) == file.read_text(), file
            kept = (paths.state, paths.home, paths.evidence, paths.proxy, paths.routes, paths.routes / slot)
            assert [folder.name for folder in kept if not disk.keeps_folder(folder)] == []
        assert disk.torn == []
