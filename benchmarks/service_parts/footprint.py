"""Section: memory of the whole service beside the baseline's, under load, and the time of a cold start."""

from contextlib import AbstractContextManager
from statistics import median

from service_parts.bench import Bench, say
from service_parts.figures import Figure, Section
from service_parts.models import Model
from service_parts.processes import Scales
from service_parts.servers import Server

CLIENTS = 32
SHARE = 1 / 8
COLD_START_S = 2.0
MIB = 1024 * 1024


def measure(bench: Bench) -> Section:
    """One after the other: two at a time would share the pages of what both have loaded."""
    section = Section(
        measured={"memory": "MiB, peak of the sum of PSS over all processes", "page_cache": "warm"}
    )
    for model in (bench.real_shape, bench.embedded):
        bench.threads(model)
        say(f"memory, {model.name}")
        service = _peak(bench, model, bench.service(model), bench.effort.seconds)
        baseline = _peak(bench, model, bench.baseline(model), bench.effort.baseline / 2)
        starts = _starts(bench, model)
        section.measured[model.name] = {
            "service_mib": round(service / MIB, 1),
            "baseline_mib": round(baseline / MIB, 1),
            "baseline_torch_threads": bench.threads(model) or "default",
            "cold_starts_s": [round(seconds, 3) for seconds in starts],
        }
        section.figures[f"{model.name}_share_of_baseline"] = Figure(service / baseline, "<=", SHARE)
        section.figures[f"{model.name}_cold_start_s"] = Figure(median(starts), "<=", COLD_START_S)
    return section


def _peak(bench: Bench, model: Model, start: AbstractContextManager[Server], seconds: float) -> int:
    with start as server, Scales(server.group, every=0.25) as scales:
        bench.slow(server, model, CLIENTS, seconds)
    return scales.peak


def _starts(bench: Bench, model: Model) -> list[float]:
    """Return seconds from the start of the process to the first 200 of /readyz."""
    found = []
    for _ in range(bench.effort.starts):
        with bench.service(model) as server:
            found.append(server.started)
    return found
