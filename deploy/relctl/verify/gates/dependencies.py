"""Gate `dependencies`: the candidate runs exactly the packages that its build locked."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from packaging.utils import canonicalize_name, canonicalize_version

from relctl.config.gates import DependenciesSettings
from relctl.engine.labels import DEPENDENCIES, PYTHON
from relctl.errors import RelctlError
from relctl.verify.trial.candidate import Candidate
from relctl.verify.trial.trial import Trial, Verdict, failed, passed

# A label: `name==version` of every locked wheel, separated by spaces. The build writes it from the lock of
# the image's commit. The lock itself is not read here, so labels written by hand are trusted.
_SITE = "/app/site"  # where a build installs them; other packages belong to the base

_LIST = """
import importlib.metadata
for each in importlib.metadata.distributions():
    print(each.locate_file(""), f"{each.name}=={each.version}", sep="\\t")
"""
_LISTED = re.compile(r"([^\t]+)\t([^\s=]+)==(\S+)")


class UnreadableListError(RelctlError):
    """The candidate's Python did not list its packages as expected."""


@dataclass(frozen=True)
class Distribution:
    """A package that Python finds in a folder; name and version are normalised (PEP 503, PEP 440)."""

    folder: str
    name: str
    version: str


def dependencies(trial: Trial, settings: DependenciesSettings) -> Verdict:
    """Compare the packages that Python finds with the label; name every difference. Raises EngineError."""
    del settings  # nothing about it can be configured
    label = trial.candidate.image.labels.get(DEPENDENCIES)
    if label is None:
        return failed(f"the image has no label {DEPENDENCIES}; build it again")
    locked = parse(label)
    try:
        found = read(_list(trial.candidate))
    except UnreadableListError as error:
        return failed(error.message, locked=locked)
    wrong = differences(locked, found)
    if wrong:
        return failed(*wrong, locked=locked, installed=_imported(found))
    return passed(f"{len(locked)} packages as locked", locked=locked)


def _list(candidate: Candidate) -> str:
    """List packages by Python inside the container, not by /version, which may claim anything."""
    python = f"python{candidate.image.labels.get(PYTHON, '3')}"
    return candidate.engine.execute(candidate.container.name, [python, "-c", _LIST])


def read(said: str) -> list[Distribution]:
    """Return the listed distributions in Python's search order; raises UnreadableListError."""
    found = []
    for line in said.splitlines():
        match = _LISTED.fullmatch(line)
        if match is None:
            raise UnreadableListError(f"Python's list of packages cannot be read: {line[:120]!r}")
        folder, name, version = match.groups()
        found.append(Distribution(folder.rstrip("/"), canonicalize_name(name), _spelled(version)))
    return found


def differences(locked: Mapping[str, str], found: Sequence[Distribution]) -> list[str]:
    """Return one sentence for each package that differs, is not locked, or is installed twice."""
    imported = _imported(found)
    ours = [each for each in found if each.folder == _SITE]
    wrong = [
        f"{name} {imported.get(name, 'is missing')}, locked {version}"
        for name, version in locked.items()
        if imported.get(name) != version
    ]
    wrong += [f"{each.name} {each.version} is not locked" for each in ours if each.name not in locked]
    # Which of two in one folder is imported depends on the file system.
    return wrong + [
        f"{name} is installed {times} times: {', '.join(each.version for each in ours if each.name == name)}"
        for name, times in Counter(each.name for each in ours).items()
        if times > 1
    ]


def _imported(found: Sequence[Distribution]) -> dict[str, str]:
    """Return the versions by name; of two folders the first in Python's search order counts."""
    return {each.name: each.version for each in reversed(found)}


def parse(label: str) -> dict[str, str]:
    """Return the versions by normalised name, as the label lists them."""
    pairs = [line.partition("==") for line in label.split()]
    return {canonicalize_name(name): _spelled(version) for name, _, version in pairs}


def _spelled(version: str) -> str:
    """Normalise a version by PEP 440, so that 1.0-1 is 1.0.post1; leave an invalid one as it is."""
    return canonicalize_version(version, strip_trailing_zero=False)
