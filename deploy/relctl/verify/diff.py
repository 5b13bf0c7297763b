"""Compare two releases: their contents, measurements and translations."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from relctl.engine.labels import DEPENDENCIES, MODEL
from relctl.engine.protocol import Engine, Image
from relctl.state.evidence import Evidence
from relctl.verify.gates.dependencies import parse
from relctl.verify.gates.size import new_bytes

Pairs = dict[str, tuple[Any, Any]]  # by name: the first's and the second's value, None if missing


@dataclass(frozen=True)
class Changed:
    """One sentence that two releases translate differently."""

    data_set: str
    source: str
    first: str
    second: str


@dataclass(frozen=True)
class Side:
    """One of the two: its tag, its image, and its newest evidence, if any."""

    tag: str
    image: Image
    evidence: Evidence | None


@dataclass(frozen=True)
class Difference:
    """All differences; `figures` and `translations` need evidence of both.

    `own_layer_bytes`: in layers that the other one lacks, None if the engine does not report them.
    `unproved`: tags without evidence.
    """

    labels: Pairs
    dependencies: Pairs
    model: Pairs
    size_bytes: tuple[int, int]
    shared_layers: int
    own_layer_bytes: tuple[int | None, int | None]
    figures: Pairs
    translations: list[Changed]
    compared_sentences: int
    unproved: list[str]


def compare(engine: Engine, first: Side, second: Side) -> Difference:
    """Compare two images and their evidence."""
    one, other = first.image, second.image
    figures: Pairs = {}
    said: list[tuple[Changed, bool]] = []
    if first.evidence and second.evidence:
        figures = pairs(dict(_figures(first.evidence)), dict(_figures(second.evidence)))
        said = list(_translations(first.evidence, second.evidence))
    return Difference(
        labels=pairs(_labels(one), _labels(other)),
        dependencies=pairs(
            parse(one.labels.get(DEPENDENCIES, "")), parse(other.labels.get(DEPENDENCIES, ""))
        ),
        model=pairs(_model(one), _model(other)),
        size_bytes=(one.size_bytes, other.size_bytes),
        shared_layers=len(set(one.layers) & set(other.layers)),
        own_layer_bytes=(new_bytes(engine, one, other), new_bytes(engine, other, one)),
        figures=figures,
        translations=[change for change, differs in said if differs],
        compared_sentences=len(said),
        unproved=[side.tag for side in (first, second) if side.evidence is None],
    )


def _labels(image: Image) -> dict[str, str]:
    """Return the labels except those of dependencies and model, which are compared separately."""
    return {
        key: value for key, value in image.labels.items() if key != DEPENDENCIES and not key.startswith(MODEL)
    }


def _model(image: Image) -> dict[str, str]:
    return {key.removeprefix(MODEL): value for key, value in image.labels.items() if key.startswith(MODEL)}


def pairs(first: Mapping[str, Any], second: Mapping[str, Any]) -> Pairs:
    """Return the values that differ, by name."""
    names = sorted({*first, *second})
    return {
        name: (first.get(name), second.get(name)) for name in names if first.get(name) != second.get(name)
    }


def _figures(evidence: Evidence) -> Iterator[tuple[str, Any]]:
    for gate in evidence.gates:
        yield f"{gate.name} verdict", gate.verdict
        yield from _leaves(gate.name, gate.figures)


def _leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield numbers under the names that lead to them; long lists are only in the report."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(f"{name} {key}", inner)
    elif (
        isinstance(value, list)
        and value
        and all(isinstance(each, Mapping) and "name" in each for each in value)
    ):
        for each in value:
            yield from _leaves(f"{name} {each['name']}", {k: v for k, v in each.items() if k != "name"})
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield name, value


def _translations(first: Evidence, second: Evidence) -> Iterator[tuple[Changed, bool]]:
    """Yield every sentence that both translated, and whether the translations differ."""
    ours, theirs = _said(first), _said(second)
    for (name, source), one in ours.items():
        if (name, source) in theirs:
            other = theirs[name, source]
            yield Changed(name, source, one, other), one != other


def _said(evidence: Evidence) -> dict[tuple[str, str], str]:
    """Return translations by data set and source, in the order of the requests."""
    found = next((gate.figures for gate in evidence.gates if gate.name == "quality"), {})
    return {
        (each["name"], source): said
        for each in found.get("data_sets", [])
        if "sources" in each  # relctl before 0.2 did not record them
        for source, said in zip(each["sources"], each["translations"], strict=True)
    }
