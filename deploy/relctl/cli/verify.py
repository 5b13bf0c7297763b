"""`relctl verify`: prove a candidate and keep the evidence."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relctl.cli.context import Waiting, settings
from relctl.cli.plan import DryRun, tell_plan
from relctl.cli.speak import table
from relctl.errors import NotProvedError

if TYPE_CHECKING:
    from relctl.state.evidence import Evidence, GateResult


def verify(
    context: typer.Context,
    tag: Annotated[str, typer.Argument(help="The release, like v1.2.0-abc12de.")],
    against: Annotated[
        str, typer.Option(metavar="TAG", help="Compare with this release instead of the live one.")
    ] = "",
    wait: Waiting = "",
    dry_run: DryRun = False,
) -> None:
    """Run the pipeline over a candidate and keep the evidence; exit 3 when a gate fails."""
    from relctl.engine.resolve import resolve
    from relctl.release import Tag
    from relctl.rollout.live import live_image
    from relctl.verify.plan import plan
    from relctl.verify.run import report_of
    from relctl.verify.run import verify as run_pipeline
    from relctl.verify.trial import Subject

    release = Tag.parse(tag)
    chosen = settings(context)
    project = chosen.project()
    chosen.tell_overrides(project)
    host = chosen.host(wait, project)
    engine = host.engine
    live = resolve(project, engine, Tag.parse(against)) if against else live_image(host)
    subject = Subject(project, engine, release, resolve(project, engine, release), live)
    if dry_run:
        with chosen.look(wait)(host.paths.verify_lock):
            tell_plan(chosen.speaker, plan(subject, host.paths))
        return
    evidence, path = run_pipeline(subject, host.paths, chosen.speaker.say, host.hold)
    report = report_of(path)
    result = _result(evidence) | {"evidence": str(path), "report": str(report)}
    chosen.speaker.emit(result, lambda: _print(evidence, report))
    if evidence.verdict == "fail":
        raise NotProvedError(f"{tag} may not take traffic; {evidence.summary}", f"the whole evidence: {path}")


def _print(evidence: "Evidence", report: Path) -> None:
    """The summary, in the order of the report."""
    print(f"{evidence.tag}: {evidence.verdict}")
    table(("gate", "verdict", "seconds", "why"), [row for gate in evidence.gates for row in _rows(gate)])
    print(f"report: {report}")


def _rows(gate: "GateResult") -> list[tuple[str, str, str, str]]:
    """A row for each reason, so that no line is endless."""
    first, *others = gate.reasons or [gate.reason]
    return [(gate.name, gate.verdict, f"{gate.seconds:.1f}", first), *(("", "", "", each) for each in others)]


def _result(evidence: "Evidence") -> dict[str, Any]:
    return evidence.model_dump(mode="json", include={"tag", "image_id", "verdict", "gates"})
