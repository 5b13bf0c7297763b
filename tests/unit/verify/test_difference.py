"""What differs between two releases: what they are made of, what was measured, what they say."""

from datetime import UTC, datetime
from typing import Any

from memory_engine import MemoryEngine
from relctl.engine.protocol import Image
from relctl.state.evidence import Evidence, GateResult
from relctl.verify.diff import Changed, Side, compare

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LABELS = {
    "io.relctl.dependencies": "flask==3.0 numpy==2.1",
    "io.relctl.model.name": "tiny",
    "io.relctl.model.revision": "2026.10",
    "io.relctl.model.sha256": "a" * 64,
    "io.relctl.service": "translator",
}
SIZES = {"one": (10, 20, 30), "two": (10, 20, 45)}


class Layers(MemoryEngine):
    """Knows the sizes of the layers of two images."""

    def layer_sizes(self, reference: str) -> tuple[int, ...]:
        return SIZES.get(reference, ())


def image(name: str, labels: dict[str, str] = LABELS, size: int = 60) -> Image:
    return Image(name, (), labels, ("base", "site", f"model {name}"), "1000", size)


def evidence(bleu: float, *translations: str) -> Evidence:
    data: dict[str, Any] = {
        "name": "everyday",
        "scores": {"BLEU": bleu},
        "sources": [f"source {number}" for number in range(len(translations))],
        "translations": list(translations),
    }
    gate = GateResult(name="quality", verdict="pass", figures={"data_sets": [data]}, reason="", seconds=1)
    return Evidence(
        image_id="one",
        tag="v1",
        pipeline="p",
        verdict="pass",
        gates=[gate],
        started=NOW,
        ended=NOW,
        relctl="test",
    )


def test_the_model_and_the_dependencies_have_places_of_their_own() -> None:
    newer = LABELS | {
        "io.relctl.dependencies": "flask==3.1 numpy==2.1",
        "io.relctl.model.revision": "2026.11",
        "io.relctl.model.sha256": "b" * 64,
        "io.relctl.service": "other",
    }
    found = compare(Layers(), Side("v1", image("one"), None), Side("v2", image("two", newer), None))
    assert found.model == {"revision": ("2026.10", "2026.11"), "sha256": ("a" * 64, "b" * 64)}
    assert found.dependencies == {"flask": ("3.0", "3.1")}
    assert found.labels == {"io.relctl.service": ("translator", "other")}


def test_bytes_that_only_one_of_them_has_are_counted() -> None:
    found = compare(Layers(), Side("v1", image("one"), None), Side("v2", image("two", size=75), None))
    assert (found.size_bytes, found.shared_layers) == ((60, 75), 2)
    assert found.own_layer_bytes == (30, 45)
    unknown = compare(Layers(), Side("v1", image("three"), None), Side("v2", image("two"), None))
    assert unknown.own_layer_bytes == (None, 45)


def test_an_image_without_labels_can_be_compared() -> None:
    found = compare(Layers(), Side("v1", image("one", {}), None), Side("v2", image("two"), None))
    assert found.unproved == ["v1", "v2"]
    assert found.model["name"] == (None, "tiny")
    assert (found.figures, found.translations, found.compared_sentences) == ({}, [], 0)


def test_figures_and_sentences_are_compared_where_both_have_evidence() -> None:
    first = Side("v1", image("one"), evidence(20.5, "Hello.", "Bye.", "Only here."))
    second = Side("v2", image("two"), evidence(21.0, "Hello.", "Goodbye."))
    found = compare(Layers(), first, second)
    assert found.figures == {"quality data_sets everyday scores BLEU": (20.5, 21.0)}
    assert found.translations == [Changed("everyday", "source 1", "Bye.", "Goodbye.")]
    assert (found.compared_sentences, found.unproved) == (2, [])
    assert compare(Layers(), first, Side("v2", image("two"), None)).unproved == ["v2"]
