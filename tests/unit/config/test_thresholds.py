"""Every number of a gate: one of the wrong sign, or none at all, is refused with file, line and key."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from relctl.config.gates import DataSetSettings, GateSettings
from relctl.config.pipeline import load_pipeline
from relctl.errors import ConfigError

TABLE = "{file: pipelines/data.tsv}"
# By gate, what it must have; the tests put one number into it.
LEAST = {
    "startup": {"ready_within": "5s"},
    "size": {"max_image": "1g"},
    "keep-alive": {},
    "smoke": {"cases": "pipelines/smoke.yaml"},
    "contract": {"data_set": "pipelines/data.tsv"},
    "quality": {"data_sets": f"[{TABLE}]", "margins": "{chrf: 1}"},
    "latency": {"data_set": "pipelines/data.tsv", "rate": "20", "margins": "{p50: 0.5}", "max_p95": "1s"},
    "soak": {"data_set": "pipelines/data.tsv", "max_growth": "1m"},
    "command": {"name": "own", "run": "[x]"},
}
# The only ones that may be nothing.
ZERO = {
    *("size.max_growth", "size.max_new", "soak.max_growth", "soak.max_ended", "quality.seed", "latency.seed"),
    *("quality.data_sets[0].floors", "quality.data_sets[0].allowed"),
}
WRONG = ("-1", "-1s", "-1m", ".nan", ".inf", "-.inf", "much", "[]", "true")


def is_number(annotation: Any) -> bool:
    return annotation in (int, float) or any(is_number(each) for each in get_args(annotation))


def numbers(model: type[BaseModel], above: str) -> Iterator[tuple[str, str]]:
    """The key of every number, and of a mapping of numbers its first member besides."""
    for name, info in model.model_fields.items():
        if is_number(info.annotation):
            names = [each for each in get_args(info.annotation)[:1] for each in get_args(each)]
            yield f"{above}{name}", names[0] if names and isinstance(names[0], str) else ""


def all_numbers() -> Iterator[tuple[str, str]]:
    for model in get_args(get_args(GateSettings)[0]):
        [gate] = get_args(model.model_fields["gate"].annotation)
        yield from numbers(model, f"{gate}.")
    yield from numbers(DataSetSettings, "quality.data_sets[0].")


NUMBERS = list(all_numbers())


def refusal(folder: Path, key: str, member: str, value: str) -> str:
    """What is said of a pipeline with that value, "" when it is taken."""
    gate, _, name = key.partition(".")
    value = f"{{{member}: {value}}}" if member else value
    if name.startswith("data_sets"):
        name, value = "data_sets", f"[{TABLE[:-1]}, {name.rpartition('.')[2]}: {value}}}]"
    settings = {"gate": gate} | LEAST[gate] | {name: value}
    written = ", ".join(f"{each}: {text}" for each, text in settings.items())
    first = "" if gate == "startup" else "  - {gate: startup, ready_within: 5s}\n"
    last = "  - {gate: identity}\n"
    (folder / "pipelines").mkdir(exist_ok=True)
    (folder / "pipelines" / "data.tsv").write_text("source\treference\na\tb\n")
    (folder / "pipelines" / "smoke.yaml").write_text(
        "cases: [{name: one, request: {path: /x}, expect: {status: 200}}]\n"
    )
    (folder / "pipelines" / "verify.yaml").write_text(f"gates:\n{first}  - {{{written}}}\n{last}")
    try:
        load_pipeline(folder, PurePosixPath("pipelines/verify.yaml"))
    except ConfigError as error:
        return error.message
    return ""


def place(key: str, member: str) -> str:
    gate, _, name = key.partition(".")
    number = 0 if gate == "startup" else 1
    return f"verify.yaml:{2 + number}: gates[{number}].{name}{'.' if member else ''}{member}: "


def test_the_table_has_all_numbers() -> None:
    keys = {key for key, _ in NUMBERS}
    assert keys >= ZERO | {"latency.margins", "quality.margins", "latency.rate", "startup.ready_within"}
    assert len(keys) >= 30


@pytest.mark.parametrize("value", WRONG)
@pytest.mark.parametrize(("key", "member"), NUMBERS)
def test_what_is_no_number_or_below_zero_is_refused(
    tmp_path: Path, key: str, member: str, value: str
) -> None:
    assert place(key, member) in refusal(tmp_path, key, member, value)


@pytest.mark.parametrize(("key", "member"), NUMBERS)
def test_nothing_is_refused_where_it_would_prove_nothing(tmp_path: Path, key: str, member: str) -> None:
    said = [refusal(tmp_path, key, member, value) for value in ("0", "0s")]
    if key in ZERO:
        assert said[0] == ""
    else:
        assert all(place(key, member) in words for words in said)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("startup.ready_within", "9" * 400 + "s", "a duration is at most 36500d"),
        ("latency.timeout", "36501d", "a duration is at most 36500d"),
        ("size.max_image", "9" * 400 + "g", "a size looks like 512m or 1g"),
        ("latency.rounds", "2.5", "input should be a valid integer"),
        ("quality.clients", "1.5", "input should be a valid integer"),
    ],
)
def test_what_no_machine_can_count_is_refused(tmp_path: Path, key: str, value: str, message: str) -> None:
    assert place(key, "") + message in refusal(tmp_path, key, "", value)


@pytest.mark.parametrize("value", ["100.1", "1000"])
def test_a_floor_is_a_score(tmp_path: Path, value: str) -> None:
    key = "quality.data_sets[0].floors"
    assert place(key, "bleu") in refusal(tmp_path, key, "bleu", value)
