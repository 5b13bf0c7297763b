"""List the steps of `verify` without starting, measuring or writing anything."""

from collections.abc import Iterator, Sequence

from relctl.config.gates import ContractSettings, GateSection, LatencySettings, QualitySettings
from relctl.engine.labels import TAG
from relctl.engine.leases import names
from relctl.report.page import index_of, report_of
from relctl.state.evidence import EvidenceStore
from relctl.state.paths import Paths
from relctl.state.steps import Step
from relctl.verify.trial.trial import Subject

_GONE = "its container is removed at the end, whatever happens"


def plan(subject: Subject, paths: Paths) -> list[Step]:
    """Return the steps of a verification; raises ConfigError for a bad pipeline."""
    pipeline = subject.project.pipeline()
    evidence = EvidenceStore(paths.evidence).path(subject.image.id, pipeline.checksum)
    held = names(subject.project, subject.image).own
    hold = Step("hold", f"keep the image of {subject.tag} in the engine for this environment")
    return [
        Step("lock", f"hold the lock of verifications of {paths.service} in {paths.environment}"),
        Step("candidate", f"start {subject.tag} as a candidate, outside both slots and their network", _GONE),
        *_gates(subject, pipeline.gates),
        Step("remove", "remove the containers of this verification"),
        *([] if held else [hold]),
        Step("forget", "remove the evidence of an earlier run of this pipeline, if there is any"),
        Step("report", f"write {report_of(evidence).name}"),
        Step("record", f"write to the ledger that {subject.tag} was verified"),
        Step("evidence", f"write {evidence.name}, passing or not"),
        Step("index", f"write {index_of(paths.evidence).name}, the list of all reports"),
    ]


def _gates(subject: Subject, gates: Sequence[GateSection]) -> Iterator[Step]:
    """Yield each gate and what it starts: a twin for itself, the reference also for later gates."""
    live = subject.live
    for gate in gates:
        yield _gate(gate)
        if not gate.off and isinstance(gate, ContractSettings):
            yield Step("twin", f"start {subject.tag} once more for this gate, as its twin", _GONE)
        if not gate.off and live and isinstance(gate, QualitySettings | LatencySettings):
            yield Step("reference", f"start {live.labels.get(TAG, '')} beside it, to compare with", _GONE)
            live = None  # already running


def _gate(gate: GateSection) -> Step:
    return Step(
        f"gate {gate.title}", f"not run, it is off: {gate.off}" if gate.off else "run it over the candidate"
    )
