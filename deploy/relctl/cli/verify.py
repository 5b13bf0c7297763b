"""`relctl verify`: prove a candidate and store the evidence."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relctl.cli.completion import Release, tags
from relctl.cli.context import DryRun, Waiting, settings, tell_plan
from relctl.cli.output import show, table
from relctl.errors import NotProvedError

if TYPE_CHECKING:
    from relctl.state.evidence import Evidence, GateResult


def verify(
    context: typer.Context,
    tag: Release,
    against: Annotated[
        str,
        typer.Option(
            metavar="TAG", help="Compare with this release instead of the live one.", autocompletion=tags
        ),
    ] = "",
    wait: Waiting = "",
    dry_run: DryRun = False,
) -> None:
    """Run the pipeline against a candidate and store the evidence; exit code 3 if a gate fails."""
    from relctl.engine.leases import resolve
    from relctl.report.page import report_of
    from relctl.rollout.snapshot import live_image
    from relctl.source.origin import insist_on_origin
    from relctl.verify.trial.trial import Subject
    from relctl.verify.verify import describe_verify
    from relctl.verify.verify import verify as run_pipeline

    chosen = settings(context)
    release, other = chosen.tag(tag), chosen.tag(against) if against else None
    project = chosen.project()
    chosen.tell_overrides(project)
    host = chosen.host(wait, project)
    engine = host.engine
    live = resolve(project, engine, other) if other else live_image(host)
    image = resolve(project, engine, release)
    insist_on_origin(project, host.paths, image, release)
    subject = Subject(project, engine, release, image, live)
    if dry_run:
        with chosen.look(wait)(host.paths.verify_lock):
            tell_plan(chosen.speaker, [describe_verify(subject, host.paths)])
        return
    evidence, path = run_pipeline(subject, host.paths, chosen.speaker.say, host.hold)
    report = report_of(path)
    result = _result(evidence) | {"evidence": str(path), "report": str(report)}
    chosen.speaker.emit(result, lambda: _print(evidence, report))
    if evidence.verdict == "fail":
        raise NotProvedError(f"{release} may not take traffic; {evidence.summary}", f"full evidence: {path}")


def _print(evidence: "Evidence", report: Path) -> None:
    """Print the summary in the order of the report."""
    show(f"{evidence.tag}: {evidence.verdict}")
    table(("gate", "verdict", "seconds", "why"), [row for gate in evidence.gates for row in _rows(gate)])
    show(f"report: {report}")


def _rows(gate: "GateResult") -> list[tuple[str, str, str, str]]:
    """Return a row for each line of each reason."""
    first, *others = [words for each in gate.sentences for words in each.split("\n")]
    return [(gate.name, gate.verdict, f"{gate.seconds:.1f}", first), *(("", "", "", each) for each in others)]


def _result(evidence: "Evidence") -> dict[str, Any]:
    return evidence.model_dump(mode="json", include={"tag", "image_id", "verdict", "gates"})
