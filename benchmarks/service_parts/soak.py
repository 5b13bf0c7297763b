"""Section: thousands of requests, each answer compared, and what the service's memory does meanwhile."""

from bisect import bisect_right

from service_parts import trend
from service_parts.answers import ask_alone
from service_parts.bench import Bench, say
from service_parts.figures import Figure, Section
from service_parts.load import Closed, put
from service_parts.processes import Scales
from service_parts.record import Record

CLIENTS = 20
LONGEST_S = 1800.0
GROWTH_MIB_PER_THOUSAND = 0.1
MIB = 1024 * 1024


def measure(bench: Bench) -> Section:
    """The embedded model, without a cache: every request goes through the engine."""
    number = bench.effort.soak_requests
    say(f"soak, {number} requests")
    with bench.service(bench.embedded, DEADLINE="20") as server:
        expected = ask_alone(server, bench.embedded, bench.effort.answers)
        with Scales(server.group, every=0.5, kind="Pss_Anon") as scales:
            record = put(server.port, CLIENTS, expected.messages, Closed(LONGEST_S, most=number))
        alive = server.group.running
    answers = expected.tally(record)
    growth = _growth(record, scales.samples)
    figures = {
        "answered_right": Figure(answers["right"], ">=", number),
        "crashes": Figure(int(not alive), "<=", 0),
    }
    if bench.effort.judges_growth:
        figures["least_memory_mib_per_1000_requests"] = Figure(growth.least, "<=", GROWTH_MIB_PER_THOUSAND)
    return Section(
        figures,
        {
            "clients": CLIENTS,
            "statuses": record.statuses(),
            "answers": answers,
            "throughput": round(record.throughput(CLIENTS), 2),
            "memory_mib_per_1000_requests": round(growth.value, 4),
            "client_cpu_seconds": round(record.cpu_seconds, 2),
            "anonymous_mib": [round(weight / MIB, 1) for _, weight in scales.samples],
        },
    )


def _growth(record: Record, weights: list[tuple[float, int]]) -> trend.Slope:
    """Return MiB per 1,000 requests, the first quarter left out."""
    ended = [row.ended for row in record.rows()]
    points = [(bisect_right(ended, at) / 1000, weight / MIB) for at, weight in weights]
    return trend.slope([point for point in points if point[0] >= record.sent / 4000])
