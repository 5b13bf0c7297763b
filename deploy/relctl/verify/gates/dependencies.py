"""Gate `dependencies`: what runs in the candidate is what the build says that it was locked to."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from relctl.config.gates import DependenciesSettings
from relctl.errors import RelctlError
from relctl.verify.candidate import Candidate
from relctl.verify.trial import Trial
from relctl.verify.verdict import Verdict, failed, passed

# A label: `name==version` of every locked wheel, with spaces between them. The build writes it from the lock
# of the image's commit; the lock itself is not read here, and whoever writes labels by hand is believed.
LOCKED = "io.relctl.dependencies"
_SITE = "/app/site"  # where a build puts them; what the base has besides is the base's

_LIST = """
import importlib.metadata
for each in importlib.metadata.distributions():
    print(each.locate_file(""), f"{each.name}=={each.version}", sep="\\t")
"""
_LISTED = re.compile(r"([^\t]+)\t([^\s=]+)==(\S+)")


class UnreadableListError(RelctlError):
    """The candidate's Python did not list its packages as it was asked to."""


@dataclass(frozen=True)
class Distribution:
    """A package that Python finds in a folder; `name` is normalised (PEP 503)."""

    folder: str
    name: str
    version: str


def dependencies(trial: Trial, settings: DependenciesSettings) -> Verdict:
    """Compare what Python finds there with the label; every difference is named. Raises EngineError."""
    del settings  # nothing about it can be configured
    label = trial.candidate.image.labels.get(LOCKED)
    if label is None:
        return failed(f"the image has no label {LOCKED}; build it again")
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
    """What Python says inside the container: not /version, which may say what it likes."""
    python = f"python{candidate.image.labels.get('io.relctl.python', '3')}"
    return candidate.engine.execute(candidate.container.name, [python, "-c", _LIST])


def read(said: str) -> list[Distribution]:
    """The distributions of a list, in the order in which Python looks; raises UnreadableListError."""
    found = []
    for line in said.splitlines():
        match = _LISTED.fullmatch(line)
        if match is None:
            raise UnreadableListError(f"Python's list of packages cannot be read: {line[:120]!r}")
        folder, name, version = match.groups()
        found.append(Distribution(folder.rstrip("/"), _normalised(name), version))
    return found


def differences(locked: Mapping[str, str], found: Sequence[Distribution]) -> list[str]:
    """One sentence for each package that is another one, that nobody locked, or that is there twice."""
    imported = _imported(found)
    ours = [each for each in found if each.folder == _SITE]
    wrong = [
        f"{name} {imported.get(name, 'is missing')}, locked {version}"
        for name, version in locked.items()
        if imported.get(name) != version
    ]
    wrong += [f"{each.name} {each.version} is not locked" for each in ours if each.name not in locked]
    # Which one of a folder comes first is up to the file system, and so is what it says of itself.
    return wrong + [
        f"{name} is there {times} times: {', '.join(each.version for each in ours if each.name == name)}"
        for name, times in Counter(each.name for each in ours).items()
        if times > 1
    ]


def _imported(found: Sequence[Distribution]) -> dict[str, str]:
    """The versions by name; of two folders the one counts where Python looks first."""
    return {each.name: each.version for each in reversed(found)}


def parse(label: str) -> dict[str, str]:
    """The versions by normalised name, as the label lists them."""
    pairs = [line.partition("==") for line in label.split()]
    return {_normalised(name): version for name, _, version in pairs}


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
