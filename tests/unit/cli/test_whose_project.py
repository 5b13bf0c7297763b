"""Every command asks first whose project and whose state it works with."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from relctl.cli.context import Settings
from relctl.cli.output import Speaker
from relctl.errors import FileError, UsageError
from scratch import ECHO
from second_user import NOBODY, needs_root, open_folder

pytestmark = needs_root


@pytest.fixture
def project() -> Iterator[Path]:
    with open_folder() as folder:
        shutil.copytree(ECHO, folder / "project")
        (folder / "project" / ".relctl" / "evidence").mkdir(parents=True)
        yield folder / "project"


def load(project: Path) -> Path:
    return Settings(project, "local", Speaker(as_json=False)).project().root


def test_what_is_ours_is_loaded(project: Path) -> None:
    assert load(project) == project


@pytest.mark.parametrize("name", [".", ".relctl", ".relctl/evidence"])
def test_what_is_somebody_else_s_is_refused(project: Path, name: str) -> None:
    os.chown(project / name, NOBODY.pw_uid, NOBODY.pw_gid)
    with pytest.raises(UsageError, match="belongs to nobody, and you are root"):
        load(project)


def test_what_everybody_may_write_is_refused(project: Path) -> None:
    (project / ".relctl").chmod(0o777)
    with pytest.raises(UsageError, match="everybody can write to the state directory"):
        load(project)


def test_a_folder_in_the_state_directory_that_is_a_link_is_refused(project: Path) -> None:
    (project / ".relctl" / "evidence").rename(project / "elsewhere")
    (project / ".relctl" / "evidence").symlink_to(project / "elsewhere")
    with pytest.raises(FileError, match="it is a symbolic link"):
        load(project)
