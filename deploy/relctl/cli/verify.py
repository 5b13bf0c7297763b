"""`relctl verify`: prove a candidate and keep the evidence."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from relctl.cli.context import settings
from relctl.errors import NotProvedError

if TYPE_CHECKING:
    from relctl.state.evidence import Evidence


def verify(
    context: typer.Context,
    tag: Annotated[str, typer.Argument(help="The release, like v1.2.0-abc12de.")],
) -> None:
    """Run the pipeline over a candidate and keep the evidence; exit 3 when a gate fails."""
    from relctl.release import Tag
    from relctl.rollout.host import paths_of
    from relctl.verify.run import verify as run_pipeline

    release = Tag.parse(tag)
    chosen = settings(context)
    project = chosen.project()
    paths = paths_of(project)
    evidence, path = run_pipeline(project, chosen.engine(project), release, paths, chosen.speaker.say)
    result = _result(evidence) | {"evidence": str(path)}
    chosen.speaker.emit(result, lambda: print(f"{evidence.tag}: {evidence.verdict}"))
    if evidence.verdict == "fail":
        raise NotProvedError(f"{tag} may not take traffic; {evidence.summary}", f"the whole evidence: {path}")


def _result(evidence: "Evidence") -> dict[str, Any]:
    return evidence.model_dump(mode="json", include={"tag", "image_id", "verdict", "gates"})
