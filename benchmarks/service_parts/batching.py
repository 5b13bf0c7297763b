"""Section: what batching over requests brings to many clients, and what it costs one."""

from statistics import median

from service_parts.bench import BEAM, Bench, say
from service_parts.figures import Figure, Section
from service_parts.load import put_in_turns
from service_parts.models import Model
from service_parts.points import Point, failures, middle, summary
from service_parts.record import Record, milliseconds

CLIENTS = 32
TIMES = 5.0
ADDED_MS = 2.0


def measure(bench: Bench) -> Section:
    """The targets are for the greedy search (beam 1) on the real shape; the rest is printed beside it."""
    section = Section(measured={"targets_are_for": "real_shape_beam1"})
    for model, beam in ((bench.real_shape, 1), (bench.real_shape, BEAM), (bench.embedded, BEAM)):
        many, one = _beside(bench, model, beam)
        name = f"{model.name}_beam{beam}"
        section.measured[name] = {
            "clients_32": {"off": summary(many[0]), "on": summary(many[1])},
            "clients_1": {"off": _latencies(one[0]), "on": _latencies(one[1])},
            "times": round(_times(many), 2),
            "added_p50_ms": round(_added_ms(one), 3),
        }
        if (model.name, beam) == ("real_shape", 1):
            section.figures |= _figures(many, one)
        failed = failures(*many) + sum(record.failures() for record in one)
        section.figures[f"{name}_failures"] = Figure(failed, "<=", 0)
    return section


def _beside(bench: Bench, model: Model, beam: int) -> tuple[list[list[Point]], list[Record]]:
    say(f"batching, {model.name}, beam {beam}")
    effort = bench.effort
    with bench.service(model, beam, BATCHING="false") as off, bench.service(model, beam) as on:
        for server in (off, on):
            bench.closed(server, model, CLIENTS, 0)
        one = put_in_turns([off.port, on.port], bench.messages(model), effort.single)
        many = bench.in_turns(
            effort.rounds,
            lambda: bench.closed(off, model, CLIENTS, effort.seconds),
            lambda: bench.closed(on, model, CLIENTS, effort.seconds),
        )
    return many, one


def _times(many: list[list[Point]]) -> float:
    return middle(many[1], "throughput") / middle(many[0], "throughput")


def _latencies(record: Record) -> dict[str, float]:
    return {"requests": record.sent, **milliseconds(record.latencies())}


def _added_ms(one: list[Record]) -> float:
    """Return the median of what each request took longer; the servers are asked the same."""
    off, on = ([row.latency for row in record.rows()] for record in one)
    return 1000 * median(with_batching - without for with_batching, without in zip(on, off, strict=True))


def _figures(many: list[list[Point]], one: list[Record]) -> dict[str, Figure]:
    return {
        "times_without": Figure(_times(many), ">=", TIMES),
        "p95_ms": Figure(middle(many[1], "p95_ms"), "<", middle(many[0], "p95_ms")),
        "added_p50_ms_at_1_client": Figure(_added_ms(one), "<=", ADDED_MS),
    }
