"""Gate `identity`: labels, commit, user and `/version` all agree with the tag."""

from relctl.config.gates import IdentitySettings
from relctl.engine.labels import OCI_REVISION, OCI_VERSION, SERVICE, TAG
from relctl.engine.protocol import Image
from relctl.probe.service import Identity, UnreachableError, disagreements
from relctl.tag import Tag
from relctl.verify.trial.trial import Trial, Verdict, failed, passed


def identity(trial: Trial, settings: IdentitySettings) -> Verdict:
    """Compare tag, labels, user and `/version`; name every contradiction."""
    del settings  # nothing about it can be configured
    candidate = trial.candidate
    image, tag = candidate.image, candidate.tag
    wrong = label_errors(image, tag, candidate.project.versions.service)
    try:
        info = candidate.service.info()
    except UnreachableError as error:
        return failed(*wrong, error.message)
    wrong += disagreements(Identity.of_labels(image.labels), Identity.of_info(info))
    figures = {"image_id": image.id, "revision": image.labels.get(OCI_REVISION, "")}
    if wrong:
        return failed(*wrong, **figures)
    return passed(f"labels, user and /version agree with {tag}", **figures)


def label_errors(image: Image, tag: Tag, service: str) -> list[str]:
    """Return one sentence for every label, or the user, that contradicts the tag."""
    labels = image.labels
    wrong = []
    if labels.get(SERVICE) != service:
        wrong.append(f"the labels name service {labels.get(SERVICE)!r}, not {service!r}")
    if labels.get(TAG) != str(tag):
        wrong.append(f"the labels name tag {labels.get(TAG)!r}")
    if labels.get(OCI_VERSION) != tag.version:
        wrong.append(f"the labels name version {labels.get(OCI_VERSION)!r}")
    revision = labels.get(OCI_REVISION, "")
    if len(revision) != 40 or not revision.startswith(tag.commit):
        wrong.append(f"the labels name commit {revision!r}")
    if image.user.split(":")[0].lstrip("0") in ("", "root"):
        wrong.append(f"the image runs as {image.user or 'root'}")
    return wrong
