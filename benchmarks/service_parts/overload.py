"""Section: twice as many requests as the service can answer, and what becomes of them, and of the service."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from service_parts import trend
from service_parts.answers import Expected, ask_alone
from service_parts.bench import Bench, closed, say
from service_parts.figures import Figure, Section
from service_parts.load import Closed, Open, put
from service_parts.points import Point
from service_parts.processes import Scales
from service_parts.record import Record, milliseconds, percentile
from service_parts.servers import Server

CLIENTS = 64
CONNECTIONS = 256
TIMES = 2
P95_TIMES = 2.0
IMMEDIATE_MS = 250.0
GROWTH_MIB_PER_MINUTE = 2.0
RECOVERY_S = 5.0
FULL_SPEED = 0.9
DEADLINE = "20"  # the service's default
REFUSALS = (429, 503)
MIB = 1024 * 1024


@dataclass(frozen=True)
class Found:
    """The measurements at capacity, above it and after it; `due`: the requests above it."""

    capacity: Point
    due: int
    overload: Record
    after: Record
    weights: Sequence[tuple[float, int]]


def measure(bench: Bench) -> Section:
    """Requests come at fixed times, on enough connections, and latencies count from those times."""
    section = Section(measured={"connections": CONNECTIONS, "times_capacity": TIMES})
    for model in (bench.real_shape, bench.embedded):
        say(f"overload, {model.name}")
        with bench.service(model, DEADLINE=DEADLINE) as server:
            number = bench.effort.answers if model.name == "embedded" else bench.effort.answers // 8
            expected = ask_alone(server, model, number)
            found = _overload(bench, server, expected)
        section.measured[model.name] = _measured(found, expected)
        figures = _figures(found, expected)
        if bench.effort.judges_growth:
            least = _growth(found.weights).least
            figures["least_memory_mib_per_minute"] = Figure(least, "<=", GROWTH_MIB_PER_MINUTE)
        section.figures |= {f"{model.name}_{name}": figure for name, figure in figures.items()}
    return section


def _overload(bench: Bench, server: Server, expected: Expected) -> Found:
    effort, messages = bench.effort, expected.messages
    say("  capacity")
    full = closed(server, CLIENTS, messages, effort.seconds)
    say(f"  {TIMES} x {full.throughput:.0f} requests a second for {effort.overload:g} s")
    with Scales(server.group, every=1.0, kind="Pss_Anon") as scales:
        arrivals = Open(TIMES * full.throughput, effort.overload)
        overload = put(server.port, CONNECTIONS, messages, arrivals)
    after = put(server.port, CLIENTS, messages, Closed(RECOVERY_S + 2 * _span(full)))
    return Found(full, arrivals.number, overload, after, scales.samples)


def _measured(found: Found, expected: Expected) -> dict[str, object]:
    overload = found.overload
    return {
        "capacity": found.capacity.json(),
        "requests_due": found.due,
        "statuses": overload.statuses(),
        "answers": expected.tally(overload),
        "answered_per_second": round(overload.throughput(1), 2),
        "accepted_ms": milliseconds(overload.latencies()),
        "refused_ms": milliseconds(_refusals(overload)),
        "client_cpu_seconds": round(overload.cpu_seconds, 2),
        "client_cpu_share": round(overload.cpu_seconds / (overload.ended - overload.began), 3),
        "memory_mib_per_minute": round(_growth(found.weights).value, 3),
        "anonymous_mib": [round(weight / MIB, 1) for _, weight in found.weights],
        "per_second_afterwards": found.after.windows(),
        "full_speed": FULL_SPEED,
    }


def _figures(found: Found, expected: Expected) -> dict[str, Figure]:
    refused = _refusals(found.overload)
    p95_ms = 1000 * percentile(found.overload.latencies(), 95)
    unanswered = found.due - found.overload.sent + found.overload.failures() - len(refused)
    figures = {
        "neither_answered_nor_refused": Figure(unanswered, "<=", 0),
        "wrong_answers": Figure(expected.tally(found.overload)["wrong"], "<=", 0),
        "p95_times_that_at_capacity": Figure(p95_ms / found.capacity.p95_ms, "<=", P95_TIMES),
        "seconds_to_full_speed": Figure(_recovery(found), "<=", RECOVERY_S),
    }
    if refused:
        figures["refusals_p95_ms"] = Figure(1000 * percentile(refused, 95), "<=", IMMEDIATE_MS)
    return figures


def _refusals(record: Record) -> list[float]:
    """Return sorted seconds until the refusals that say when to come back."""
    return sorted(row.latency for row in record.rows() if row.status in REFUSALS and row.retry_after)


def _growth(weights: Sequence[tuple[float, int]]) -> trend.Slope:
    """Return MiB a minute, after the first third, in which buffers and threads come into being."""
    steady = weights[len(weights) // 3 :]
    return trend.slope([(at / 60, weight / MIB) for at, weight in steady])


def _recovery(found: Found) -> float:
    """Return seconds from the last request of the overload until the service is at full speed."""
    windows, span = found.after.windows(), _span(found.capacity)
    wanted = span * FULL_SPEED * found.capacity.throughput
    spans = (sum(windows[second : second + span]) for second in range(len(windows) - span + 1))
    begins = (second for second, answers in enumerate(spans) if answers >= wanted)
    return found.after.began - found.overload.load_ended + next(begins, float("inf"))


def _span(capacity: Point) -> int:
    """Return seconds over which speed is averaged: three, or twice the time that one answer takes."""
    return math.ceil(max(3, 2 * capacity.p50_ms / 1000))
