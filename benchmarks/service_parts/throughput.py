"""Section: translations a second, and latency, of the service and of the baseline, 32 clients, in turns."""

from service_parts.bench import BEAM, Bench, say
from service_parts.figures import Figure, Section
from service_parts.models import Model
from service_parts.points import Point, failures, middle, summary

CLIENTS = 32
REAL_SHAPE_TIMES = 15.0
EMBEDDED_TIMES = 10.0


def measure(bench: Bench) -> Section:
    """Beam 4, as the service searches by default, has the targets; beam 1 is printed beside it."""
    section = Section(measured={"clients": CLIENTS, "targets_are_for_beam": BEAM})
    for model, beam in ((bench.real_shape, BEAM), (bench.real_shape, 1), (bench.embedded, BEAM)):
        baseline, service = _beside(bench, model, beam)
        name = f"{model.name}_beam{beam}"
        section.measured[name] = {
            "baseline_torch_threads": bench.threads(model) or "default",
            "baseline": summary(baseline),
            "service": summary(service),
            "times": round(_times(baseline, service), 2),
        }
        if beam == BEAM:
            section.figures |= _figures(name, model, baseline, service)
    return section


def _beside(bench: Bench, model: Model, beam: int) -> list[list[Point]]:
    bench.threads(model)
    say(f"throughput, {model.name}, beam {beam}")
    with bench.baseline(model, beam) as baseline, bench.service(model, beam) as service:
        for server in (baseline, service):
            bench.slow(server, model, 8, 2)
        return bench.in_turns(
            bench.effort.rounds,
            lambda: bench.slow(baseline, model, CLIENTS, bench.effort.baseline),
            lambda: bench.closed(service, model, CLIENTS, bench.effort.seconds),
        )


def _times(baseline: list[Point], service: list[Point]) -> float:
    return middle(service, "throughput") / middle(baseline, "throughput")


def _figures(name: str, model: Model, baseline: list[Point], service: list[Point]) -> dict[str, Figure]:
    limit = REAL_SHAPE_TIMES if model.name == "real_shape" else EMBEDDED_TIMES
    return {
        f"{name}_times_baseline": Figure(_times(baseline, service), ">=", limit),
        f"{name}_p95_ms": Figure(middle(service, "p95_ms"), "<", middle(baseline, "p95_ms")),
        f"{name}_failures": Figure(failures(service), "<=", 0),
    }
