"""Verify a candidate: start it, run every gate of the pipeline, keep the evidence."""

import platform
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import relctl
from relctl.config import gates
from relctl.config.gates import GateSection
from relctl.engine.labels import TAG
from relctl.engine.leases import hold_image
from relctl.errors import RelctlError, UsageError
from relctl.report.page import refresh, report_of, write
from relctl.state.event import Event
from relctl.state.evidence import Evidence, EvidenceStore, GateResult, GateVerdict, overall
from relctl.state.ledger import Ledger
from relctl.state.lock import Hold, exclusive
from relctl.state.paths import Paths
from relctl.state.steps import Step
from relctl.verify.gates.command import command
from relctl.verify.gates.contract import contract
from relctl.verify.gates.dependencies import dependencies
from relctl.verify.gates.identity import identity
from relctl.verify.gates.keep_alive import held_for, keep_alive
from relctl.verify.gates.latency import latency
from relctl.verify.gates.quality import quality
from relctl.verify.gates.size import size
from relctl.verify.gates.smoke import smoke
from relctl.verify.gates.soak import soak
from relctl.verify.gates.startup import startup
from relctl.verify.trial.candidate import Candidate
from relctl.verify.trial.trial import Say, Subject, Trial, Verdict, failed, not_proved, trial, writable

# Each gate takes settings of its own type.
GATES: Mapping[type[GateSection], Callable[[Trial, Any], Verdict]] = {
    gates.StartupSettings: startup,
    gates.IdentitySettings: identity,
    gates.SizeSettings: size,
    gates.DependenciesSettings: dependencies,
    gates.KeepAliveSettings: keep_alive,
    gates.SmokeSettings: smoke,
    gates.ContractSettings: contract,
    gates.QualitySettings: quality,
    gates.LatencySettings: latency,
    gates.SoakSettings: soak,
    gates.CommandSettings: command,
}

_TOOLS = ("numpy", "sacrebleu")  # distributions whose version may change a figure
_LOG_LINES = 30  # of a candidate that has ended


def verify(subject: Subject, paths: Paths, say: Say, hold: Hold = exclusive) -> tuple[Evidence, Path]:
    """Run the project's pipeline over an image; returns the evidence, passing or not, and its file.

    Raises ConfigError for a bad pipeline, LockedError while another verification runs here.
    """
    with hold(paths.verify_lock):
        evidence = _run_pipeline(subject, say)
        hold_image(subject.project, subject.engine, subject.image, subject.tag)
        store = EvidenceStore(paths.evidence, partial(refresh, say=say))
        # Evidence is written last, after an earlier run's was removed: an interruption, for example a full
        # disk, leaves nothing that would pass.
        path = store.forget(evidence.image_id, evidence.pipeline)
        write(evidence, report_of(path))
        event = Event(
            "verified",
            tag=evidence.tag,
            image_id=evidence.image_id,
            evidence=str(path),
            reason=evidence.summary,
            details={"evidence_sha256": evidence.sha256},
        )
        Ledger(paths.ledger).append(event)
        return evidence, store.save(evidence)


def describe_verify(subject: Subject, paths: Paths) -> Step:
    """Say what would be run and written, starting nothing; raises ConfigError for a bad pipeline."""
    pipeline = subject.project.pipeline()
    beside = f" beside {subject.live.labels.get(TAG, '')}" if subject.live else ""
    on = ", ".join(each.title for each in pipeline.gates if not each.off)
    off = "".join(f"; {each.title} is off: {each.off}" for each in pipeline.gates if each.off)
    path = EvidenceStore(paths.evidence).path(subject.image.id, pipeline.checksum)
    words = f"run the gates {on} over a candidate of {subject.tag}{beside}{off}"
    return Step("verify", f"{words}; write {path.name} and its report")


def _run_pipeline(subject: Subject, say: Say) -> Evidence:
    pipeline = subject.project.pipeline()
    started = datetime.now(UTC)
    unshown = not_proved(subject.project)
    for each in unshown:
        say(f"not proved: {each}")
    with trial(subject, pipeline, say) as found:
        results = run_gates(pipeline.gates, found)
    if subject.project.pipeline().checksum != pipeline.checksum:
        raise UsageError(
            "the pipeline, or a file that it names, was changed while it ran: nothing is proved",
            f"relctl verify {subject.tag}",
        )
    return Evidence(
        image_id=subject.image.id,
        tag=str(subject.tag),
        reference=subject.live.id if subject.live else "",
        reference_tag=subject.live.labels.get(TAG, "") if subject.live else "",
        service=subject.project.versions.service,
        environment=subject.project.name,
        resources=subject.project.environment.resources.model_dump(),
        pipeline=pipeline.checksum,
        pipeline_file=str(subject.project.environment.pipeline),
        verdict=overall(results),
        gates=results,
        data_sets={str(path): data.sha256 for path, data in pipeline.data_sets.items()},
        started=started,
        ended=datetime.now(UTC),
        relctl=relctl.__version__,
        tools={name: version(name) for name in _TOOLS} | {"python": platform.python_version()},
        not_proved=unshown,
    )


def run_gates(settings: Sequence[GateSection], found: Trial) -> list[GateResult]:
    """Run the gates in order; after the candidate's end the rest are recorded as not run."""
    results: list[GateResult] = []
    for each in settings:
        results.append(_result(each, found, results))
        found.say(f"gate {each.title}: {_in_short(results[-1])}")
        if results[-1].name == "startup" and results[-1].verdict == "pass":
            _begin_beside(settings, found)
    return results


def _begin_beside(settings: Sequence[GateSection], found: Trial) -> None:
    """Start what takes time and disturbs nothing; its gate collects the result later."""
    for each in settings:
        if isinstance(each, gates.KeepAliveSettings) and not each.off:
            found.idle(held_for(found, each))


def _in_short(result: GateResult) -> str:
    return result.verdict if result.verdict == "pass" else f"{result.verdict}: {result.reason}"


def _result(settings: GateSection, found: Trial, before: Sequence[GateResult]) -> GateResult:
    if settings.off:
        return _said(settings, "off", [settings.off], {}, 0.0)
    end = _end(found.candidate, before) if before else ""  # the first gate reports why it ended
    if end:
        return _said(settings, "not run", [end], {}, 0.0)
    found.say(f"gate {settings.title}")
    started = time.monotonic()
    with found.say.watched(f"gate {settings.title}"):
        verdict = _run(settings, found)
    return _said(
        settings, verdict.outcome, verdict.reasons, verdict.figures, round(time.monotonic() - started, 3)
    )


def _run(settings: GateSection, found: Trial) -> Verdict:
    """Return a gate's verdict; failed if it cannot run, or if its candidate ends."""
    found.candidate.new_words_of_nginx()  # discard earlier lines: they are not about this gate
    try:
        verdict = writable(GATES[type(settings)](found, settings))
    except RelctlError as error:
        verdict = failed(f"could not run: {error.message}")
    except Exception as error:  # noqa: BLE001 - any error must fail here, and not leave an older pass
        verdict = failed(f"could not run: {type(error).__name__}: {error}")
    if verdict.outcome == "fail":
        verdict = _with_words_of_others(verdict, found)
    end = found.candidate.end()
    if not end:
        return _beside(verdict, found)
    logs = found.candidate.engine.logs(found.candidate.container.name, _LOG_LINES)
    reasons = verdict.reasons if verdict.outcome == "fail" else ()
    return failed(*reasons, end, **verdict.figures, log=logs)


def _with_words_of_others(verdict: Verdict, found: Trial) -> Verdict:
    """Add what answers do not show: why Nginx gave 502 or 504, and that memory ran out."""
    nginx, memory = found.candidate.new_words_of_nginx(), found.candidate.out_of_memory()
    words = [*([f"Nginx says: {nginx}"] if nginx else []), *([memory] if memory else [])]
    return failed(*verdict.reasons, *words, **verdict.figures) if words else verdict


def _beside(verdict: Verdict, found: Trial) -> Verdict:
    """Report the end of the reference first: such a failure is not the candidate's fault."""
    end = found.reference_end() if verdict.outcome == "fail" else ""
    return failed(end, *verdict.reasons, **verdict.figures) if end else verdict


def _said(
    settings: GateSection,
    verdict: GateVerdict,
    reasons: Sequence[str],
    figures: dict[str, Any],
    seconds: float,
) -> GateResult:
    return GateResult(
        name=settings.title,
        verdict=verdict,
        figures=figures,
        reason="; ".join(reasons),
        reasons=list(reasons),
        seconds=seconds,
    )


def _end(candidate: Candidate, before: Sequence[GateResult]) -> str:
    """Return why no further gate can run, "" while the candidate can answer.

    The reason of a gate that did not run holds for all later ones: checking a silent candidate again takes
    seconds.
    """
    told = next((result.reason for result in before if result.verdict == "not run"), "")
    if told:
        return told
    end = candidate.end()
    if not end and any(result.name == "startup" and result.verdict == "fail" for result in before):
        return "" if candidate.service.is_ready() else "the candidate never became ready"
    return end
