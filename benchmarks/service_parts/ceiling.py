"""Section: how much of what the engine does alone is left over HTTP."""

import json
from collections.abc import Callable
from statistics import median
from typing import Any

from service_parts import message, programs
from service_parts.bench import BEAM, Bench, say
from service_parts.figures import Figure, Section
from service_parts.load import Closed, put
from service_parts.models import Decoding, Model
from service_parts.points import Point, failures, middle, summary
from service_parts.servers import Server

SHARE = 0.8
BATCH_SIZES = (32, 64, 128)
SINGLE_CLIENTS = 64
BATCH_CLIENTS = 4
BATCH_TEXTS = 100


def measure(bench: Bench) -> Section:
    """The real shape one text a request, the embedded model a hundred."""
    section = Section(measured={"beam": BEAM, "engine_batch_sizes": BATCH_SIZES})
    real, embedded = bench.real_shape, bench.embedded

    def single(server: Server) -> Point:
        return bench.closed(server, real, SINGLE_CLIENTS, bench.effort.seconds)

    batches = [message.batch(embedded.texts[at : at + BATCH_TEXTS]) for at in range(0, 10_000, BATCH_TEXTS)]

    def batched(server: Server) -> Point:
        record = put(server.port, BATCH_CLIENTS, batches, Closed(bench.effort.seconds, 3 * BATCH_CLIENTS))
        point = Point.of(record, skip=BATCH_CLIENTS)
        incomplete = sum(not _complete(row.body) for row in record.rows() if row.status == 200)
        return point.times(BATCH_TEXTS).with_failures(incomplete)

    _compare(bench, section, real, single)
    _compare(bench, section, embedded, batched)
    return section


def _complete(body: bytes) -> bool:
    items: list[dict[str, Any]] = json.loads(body)
    return len(items) == BATCH_TEXTS and all(item.get("translation") for item in items)


def _compare(bench: Bench, section: Section, model: Model, ask: Callable[[Server], Point]) -> None:
    say(f"ceiling, {model.name}")
    alone: list[float] = []
    points: list[Point] = []
    with bench.service(model) as server:
        ask(server)
        for _ in range(bench.effort.rounds):
            points.append(ask(server))
            alone.append(
                _alone(model, middle(points, "throughput") * bench.effort.seconds / len(BATCH_SIZES))
            )
    share = middle(points, "throughput") / median(alone)
    section.measured[model.name] = {
        "engine_alone": {"throughput": round(median(alone), 2), "rounds": [round(rate, 2) for rate in alone]},
        "service": summary(points),
    }
    section.figures[f"{model.name}_share_of_engine"] = Figure(share, ">=", SHARE)
    section.figures[f"{model.name}_failures"] = Figure(failures(points), "<=", 0)


def _alone(model: Model, texts: float) -> float:
    """Return texts a second with the best batch size; `texts`: how many to measure with."""
    number = max(2 * max(BATCH_SIZES), min(len(model.texts), int(texts)))
    job = {
        "model": str(model.ctranslate2),
        "search": Decoding(BEAM, model.max_length).ctranslate2(),
        "texts": list(model.texts[:number]),
        "batch_sizes": BATCH_SIZES,
    }
    return float(max(programs.run("engine_alone", job)["per_second"].values()))
