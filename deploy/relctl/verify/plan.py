"""What `verify` would do, step by step, while nothing is started, measured or written."""

from relctl.config.gates import GateSection
from relctl.engine.slots import TAG
from relctl.state.evidence import EvidenceStore
from relctl.state.paths import Paths
from relctl.state.steps import Step
from relctl.verify.run import report_of
from relctl.verify.trial import Subject


def plan(subject: Subject, paths: Paths) -> list[Step]:
    """Return the steps of a verification; raises ConfigError for a bad pipeline."""
    pipeline = subject.project.pipeline()
    evidence = EvidenceStore(paths.evidence).path(subject.image.id, pipeline.checksum)
    gone = "its container is removed at the end, whatever happens"
    beside = [
        Step(
            "reference",
            f"start {subject.live.labels.get(TAG, '')}, the live image, beside it when a gate compares",
            gone,
        )
        for gate in pipeline.gates
        if subject.live and gate.compares and not gate.off
    ][:1]
    return [
        Step("lock", f"hold the lock of verifications of {paths.service} in {paths.environment}"),
        Step("candidate", f"start {subject.tag} as a candidate, outside both slots", gone),
        *beside,
        *map(_gate, pipeline.gates),
        Step("evidence", f"write {evidence.name}, passing or not, in place of what was there"),
        Step("record", f"write to the ledger that {subject.tag} was verified"),
        Step("report", f"write {report_of(evidence).name}"),
    ]


def _gate(gate: GateSection) -> Step:
    return Step(
        f"gate {gate.title}", f"not run, it is off: {gate.off}" if gate.off else "run it over the candidate"
    )
