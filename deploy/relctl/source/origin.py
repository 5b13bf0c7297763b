"""The origin of an image: it must be built here, from a commit that the repository has."""

from relctl.config.project import Project
from relctl.engine.labels import OCI_REVISION
from relctl.engine.protocol import Image
from relctl.errors import NotProvedError
from relctl.source.git import Git
from relctl.state.built import BuildRecord, BuildRecords, of_ledgers
from relctl.state.paths import Paths
from relctl.tag import Tag


def insist_on_origin(project: Project, paths: Paths, image: Image, tag: Tag) -> None:
    """Raise NotProvedError unless `relctl build` made exactly this image with this tag, from a known commit.

    Labels prove nothing: anyone who makes an image can set them.
    """
    record = BuildRecords(paths.built).find(image.id) or of_ledgers(paths, image.id)
    if record is None:
        raise NotProvedError(
            f"{tag} was not built here: there is no build record of {image.id[:19]}", _build(tag)
        )
    _insist_on_labels(record, image, tag)
    if not Git(project.root).knows(record.revision):
        raise NotProvedError(
            f"{tag} was built of {record.revision[:12]}, a commit that {project.root} does not have",
            "git fetch the branch that has it; or relctl build of a commit that is there",
        )


def _insist_on_labels(record: BuildRecord, image: Image, tag: Tag) -> None:
    if record.tag != str(tag):
        raise NotProvedError(
            f"{image.id[:19]} was built as {record.tag}, and not as {tag}", f"relctl verify {record.tag}"
        )
    labelled = image.labels.get(OCI_REVISION, "")
    if labelled != record.revision or not record.revision.startswith(tag.commit):
        raise NotProvedError(
            f"{tag} was built of {record.revision[:12]}, and its labels say {labelled[:12]!r}", _build(tag)
        )


def _build(tag: Tag) -> str:
    return f"git checkout {tag.commit}, then relctl build: the same commit gives the same image, and a record"
