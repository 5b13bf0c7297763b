"""Section: throughput and latency against concurrency, with batching over requests and without."""

from collections.abc import Iterator
from typing import Any

from service_parts.bench import BEAM, Bench, say
from service_parts.figures import Figure, Section
from service_parts.points import Point, failures


def measure(bench: Bench) -> Section:
    """No targets but that no request fails: a picture."""
    section = Section(measured={"beam": BEAM})
    every: list[Point] = []
    for model in (bench.real_shape, bench.embedded):
        say(f"curve, {model.name}")
        with bench.service(model, BATCHING="false") as off, bench.service(model) as on:
            section.measured[model.name] = rows = []
            for clients in bench.effort.curve_clients:
                say(f"  {clients} clients")
                points = [
                    bench.closed(server, model, clients, bench.effort.seconds / 2) for server in (off, on)
                ]
                rows.append({"clients": clients, "off": points[0].json(), "on": points[1].json()})
                every += points
    section.figures["failures"] = Figure(failures(every), "<=", 0)
    return section


def markdown(section: Section) -> str:
    """Return the section as tables."""
    return "\n".join(
        line for name in ("real_shape", "embedded") for line in _table(name, section.measured[name])
    )


def _table(name: str, rows: list[dict[str, Any]]) -> Iterator[str]:
    yield f"### {name}, beam {BEAM}\n"
    yield "| clients | one by one: /s | p50 ms | p95 ms | batched: /s | p50 ms | p95 ms |"
    yield "|---:|---:|---:|---:|---:|---:|---:|"
    for row in rows:
        numbers = [row[way][key] for way in ("off", "on") for key in ("throughput", "p50_ms", "p95_ms")]
        yield f"| {row['clients']} | " + " | ".join(f"{number:.1f}" for number in numbers) + " |"
    yield ""
