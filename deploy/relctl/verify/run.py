"""Verify: start a candidate, run every gate of the pipeline over it, keep the evidence."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import relctl
from relctl.config.pipeline import (
    IdentitySettings,
    Pipeline,
    SmokeSettings,
    StartupSettings,
    load_pipeline,
)
from relctl.config.project import Project
from relctl.engine.protocol import Engine, Image
from relctl.engine.resolve import resolve
from relctl.errors import RelctlError
from relctl.release import Tag
from relctl.state.evidence import Evidence, EvidenceStore, GateResult
from relctl.state.ledger import Event, Ledger
from relctl.state.lock import exclusive
from relctl.state.paths import Paths
from relctl.verify.candidate import Candidate, running
from relctl.verify.gates.identity import identity
from relctl.verify.gates.smoke import smoke
from relctl.verify.gates.startup import startup
from relctl.verify.verdict import Verdict, failed

Gate = Callable[[Candidate], Verdict]
Say = Callable[[str], None]
NamedGate = tuple[str, Gate]


def verify(project: Project, engine: Engine, tag: Tag, paths: Paths, say: Say) -> tuple[Evidence, Path]:
    """Run the project's pipeline over the image of `tag`; returns the evidence, passing or not, and its file.

    Raises UsageError for an unknown tag, LockedError while another verification runs here.
    """
    with exclusive(paths.verify_lock):
        image = resolve(project, engine, tag)
        evidence = _run_pipeline(project, engine, tag, image, say)
        path = EvidenceStore(paths.evidence).save(evidence)
        event = Event(
            "verified", tag=str(tag), image_id=image.id, evidence=str(path), reason=evidence.summary
        )
        Ledger(paths.ledger).append(event)
        return evidence, path


def _run_pipeline(project: Project, engine: Engine, tag: Tag, image: Image, say: Say) -> Evidence:
    pipeline = load_pipeline(project.root)
    started = datetime.now(UTC)
    with running(project, engine, tag, image) as candidate:
        results = run_gates(gates(pipeline), candidate, say)
    return Evidence(
        image_id=image.id,
        tag=str(tag),
        pipeline=pipeline.checksum,
        verdict="pass" if all(result.verdict == "pass" for result in results) else "fail",
        gates=results,
        started=started,
        ended=datetime.now(UTC),
        relctl=relctl.__version__,
    )


def gates(pipeline: Pipeline) -> list[NamedGate]:
    """Bind every gate of the pipeline to its settings, in order."""
    return [(settings.gate, _bind(settings, pipeline)) for settings in pipeline.gates]


def run_gates(named: Sequence[NamedGate], candidate: Candidate, say: Say) -> list[GateResult]:
    """Run the gates in order; after the first that fails to start up, the rest cannot run and say so."""
    results: list[GateResult] = []
    for name, gate in named:
        if any(result.name == "startup" and result.verdict == "fail" for result in results):
            results.append(_not_run(name))
            continue
        say(f"gate {name}")
        results.append(_run(name, gate, candidate))
        say(f"gate {name}: {results[-1].verdict}: {results[-1].reason}")
    return results


def _run(name: str, gate: Gate, candidate: Candidate) -> GateResult:
    """A gate that cannot run fails: an error is never a pass."""
    started = time.monotonic()
    try:
        verdict = gate(candidate)
    except RelctlError as error:
        verdict = failed(f"could not run: {error.message}")
    seconds = round(time.monotonic() - started, 3)
    return GateResult(
        name=name, verdict=verdict.outcome, figures=verdict.figures, reason=verdict.reason, seconds=seconds
    )


def _not_run(name: str) -> GateResult:
    reason = "the candidate never became ready"
    return GateResult(name=name, verdict="not run", figures={}, reason=reason, seconds=0.0)


def _bind(settings: StartupSettings | IdentitySettings | SmokeSettings, pipeline: Pipeline) -> Gate:
    if isinstance(settings, StartupSettings):
        return partial(startup, settings=settings)
    if isinstance(settings, IdentitySettings):
        return partial(identity, settings=settings)
    return partial(smoke, settings=settings, cases=pipeline.cases)
