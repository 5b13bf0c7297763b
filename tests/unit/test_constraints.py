"""constraints.txt: by hash, in two parts, and closed: no Python needs anything that is not in it."""

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from relctl.build.requirements import read

ROOT = Path(__file__).parents[2]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
MACHINES = ("x86_64", "aarch64")
DEV = "# dev:"


@cache
def locked(part: str) -> dict[str, str]:
    """Versions by name: of what relctl needs, or of all."""
    text = (ROOT / "constraints.txt").read_text()
    own = text.partition(DEV)[0]
    return {each.name: each.version for each in read(own if part == "relctl" else text, "constraints.txt")}


def wanted(part: str) -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    own = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    return own if part == "relctl" else [*own, *project["project"]["optional-dependencies"]["dev"]]


@pytest.mark.parametrize("part", ["relctl", "dev"])
def test_what_the_project_asks_for_is_locked_in_its_part(part: str) -> None:
    for each in map(Requirement, wanted(part)):
        version = locked(part)[canonicalize_name(each.name)]
        assert each.specifier.contains(version), f"{each}, and locked is {version}"


def needs(name: str, python: str, machine: str) -> Iterator[str]:
    """What a package that is installed here needs there."""
    where = {"python_version": python, "python_full_version": f"{python}.0", "platform_machine": machine}
    for each in map(Requirement, distribution(name).requires or []):
        if each.marker is None or each.marker.evaluate({**where, "extra": ""}):
            yield canonicalize_name(each.name)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("part", ["relctl", "dev"])
def test_nothing_that_is_locked_needs_what_is_not(part: str, python: str, machine: str) -> None:
    for name, version in locked(part).items():
        try:
            known = distribution(name).version
        except PackageNotFoundError:
            pytest.fail(f"{name} is locked and not installed: make setup-dev")
        assert known == version, f"{name} {known} is installed: make setup-dev"
        lacking = set(needs(name, python, machine)) - locked(part).keys()
        assert not lacking, f"{name} needs {lacking} on Python {python}, {machine}"


def test_no_address_and_no_option_stands_in_it() -> None:
    text = (ROOT / "constraints.txt").read_text()
    assert "://" not in text
    assert text.count(DEV) == 1
    assert len(locked("dev")) > len(locked("relctl")) > 30
