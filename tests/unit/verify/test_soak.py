"""The gate `soak`: answers, processes and memory are each looked at."""

import contextlib
import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from relctl.config.gates import Ask, SoakSettings
from relctl.config.pipeline import DataSet
from relctl.errors import EngineError
from relctl.probe.traffic import Reply
from relctl.verify.gates import soak as gate
from relctl.verify.gates.soak import Watch, soak

REQUESTS = 100
SETTINGS = SoakSettings(gate="soak", data_set="x.tsv", requests=REQUESTS, clients=2, max_growth="1m")
RIGHT = Reply(0, 0.0, 0.0, 0.1, 200, "application/json", b'{"translation": "x"}', "")


class Planted:
    """A candidate's engine: what each look at its processes finds, the last one again and again."""

    def __init__(self, *looks: dict[int, int] | Exception) -> None:
        self.looks = list(looks)

    def processes(self, name: str) -> dict[int, int]:
        found = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(found, Exception):
            raise found
        return found


def soaked(
    monkeypatch: pytest.MonkeyPatch, engine: Planted, reply: Reply = RIGHT, settings: SoakSettings = SETTINGS
) -> Any:
    """The verdict of a soak whose requests all got this reply; a look at every second request."""

    def send(texts: list[str], plan: Any, done: Any) -> list[Reply]:
        return [replace(reply, number=number) for number in range(len(texts))]

    class Looking(Watch):
        def running(self) -> Any:
            for number in range(0, REQUESTS + 1, 2):
                self.requests = number
                self._look()
            return contextlib.nullcontext()

    monkeypatch.setattr(gate, "Watch", Looking)
    data = DataSet("x", ("a",), ("b",), "0")
    candidate = SimpleNamespace(engine=engine, container=SimpleNamespace(name="c"), send=send)
    trial = SimpleNamespace(
        candidate=candidate,
        pipeline=SimpleNamespace(ask=Ask(), data_sets={SETTINGS.data_set: data}),
        say=lambda _: None,
        fresh=lambda _, number: ["text"] * number,
    )
    return soak(cast("Any", trial), settings)


STILL = {1: 50_000_000, 7: 50_000_000}


def test_nothing_that_changes_passes_with_its_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = soaked(monkeypatch, Planted(STILL))
    assert verdict.outcome == "pass", verdict.reason
    assert verdict.figures["ended_processes"] == 0
    assert verdict.figures["warm_up_requests"] == REQUESTS / 5
    assert len(verdict.figures["memory"]) == REQUESTS // 2 + 1
    json.dumps(verdict.figures, allow_nan=False)


def test_answers_that_are_none_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = replace(RIGHT, status=503, body=b"busy")
    assert soaked(monkeypatch, Planted(STILL), wrong).reason == "100 of 100 requests failed: status 503: busy"


def test_a_worker_that_was_started_anew_fails_unless_that_is_by_design(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = (STILL, STILL, {1: 50_000_000, 8: 50_000_000})
    assert soaked(monkeypatch, Planted(*looks)).reason == "1 of its processes ended under load, allowed 0"
    may = SETTINGS.model_copy(update={"max_ended": 1})
    assert soaked(monkeypatch, Planted(*looks), settings=may).outcome == "pass"


def test_memory_that_grows_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    growing = [{1: 50_000_000 + 100_000 * number} for number in range(60)]
    verdict = soaked(monkeypatch, Planted(*growing))
    assert verdict.reason.startswith("memory grows by 47.68 MiB per 1,000 requests over all (limit 1.00)")


def test_an_engine_that_stops_telling_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = soaked(monkeypatch, Planted(*[STILL] * 30, EngineError("no process runs in c")))
    assert verdict.outcome == "fail"
    assert "its processes could not be listed after 100 requests: no process runs in c" in verdict.reason
    assert "memory was read " in verdict.reason
    json.dumps(verdict.figures, allow_nan=False)
