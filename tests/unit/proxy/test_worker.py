"""Who Nginx's workers are: an unprivileged user that can follow the pointer, else the folder's owner."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from relctl.proxy.processes import worker_user

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only a master started by root chooses")


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="relctl-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_an_open_folder_is_served_by_an_unprivileged_user(folder: Path) -> None:
    assert worker_user(folder / "state" / "not made yet") == "www-data"


def test_a_private_folder_on_the_way_is_served_by_its_owner(folder: Path) -> None:
    (folder / "private").mkdir(mode=0o700)
    assert worker_user(folder / "private" / "state") == "root"


def test_a_folder_of_an_unprivileged_user_is_served_by_that_user(folder: Path) -> None:
    private = folder / "private"
    private.mkdir(mode=0o700)
    os.chown(private, 65534, 65534)
    assert worker_user(private / "state") == "nobody"
