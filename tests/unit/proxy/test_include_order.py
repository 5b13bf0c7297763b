"""Someone else's include: the text before is kept until Nginx has read the new one, or has it back."""

from pathlib import Path

import pytest

from happenings import recorded
from relctl.config.environment import Proxy as Settings
from relctl.errors import ProxyError
from relctl.proxy.config_file import Include

TRY = ["file include.before", "file svc.conf", "test"]


def replace(folder: Path, **commands: tuple[str, ...]) -> None:
    settings = Settings(**{"test": ("true",), "reload": ("true",), **commands})
    Include(folder / "svc.conf", folder, settings).replace("new")


def test_a_new_include_is_tested_before_nginx_reads_it(tmp_path: Path) -> None:
    with recorded(tmp_path / "record") as record:
        replace(tmp_path)
    assert record.happened() == [*TRY, "reload", "delete include.before"]


@pytest.mark.parametrize("command", ["test", "reload"])
def test_the_text_before_is_kept_until_it_is_in_place_again(tmp_path: Path, command: str) -> None:
    (tmp_path / "svc.conf").write_text("old")
    with recorded(tmp_path / "record") as record, pytest.raises(ProxyError):
        replace(tmp_path, **{command: ("false",)})
    tried = TRY if command == "reload" else TRY[:-1]
    assert record.happened() == [*tried, "file svc.conf", "delete include.before"]
    assert (tmp_path / "svc.conf").read_text() == "old"
