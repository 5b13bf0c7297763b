"""The labels that relctl writes on images and containers: every io.relctl.* name, and the contract in one."""

import json
from collections.abc import Mapping

from pydantic import ValidationError

from relctl.config.versions import OWN_LABELS, Contract

SERVICE = f"{OWN_LABELS}service"
ENVIRONMENT = f"{OWN_LABELS}environment"
STATE = f"{OWN_LABELS}state"  # the state directory
ROLE = f"{OWN_LABELS}role"  # of a container: slot, candidate, reference or twin
SLOT = f"{OWN_LABELS}slot"
TAG = f"{OWN_LABELS}tag"
PORT = f"{OWN_LABELS}port"
PROOF = f"{OWN_LABELS}proof"  # of a container created only as a proof
VERSION = f"{OWN_LABELS}version"
REVISION = f"{OWN_LABELS}revision"
PYTHON = f"{OWN_LABELS}python"
MODEL = f"{OWN_LABELS}model."  # followed by name, revision, sha256 or license
MODEL_SHA256 = f"{MODEL}sha256"
BASE_PACKAGES = f"{OWN_LABELS}base.packages"
LOCK = f"{OWN_LABELS}lock"
DEPENDENCIES = f"{OWN_LABELS}dependencies"
# The HTTP contract of a release, so that any checkout can roll back to it.
CONTRACT = f"{OWN_LABELS}contract"
OCI = "org.opencontainers.image."  # OCI image specification, annotations.md
OCI_VERSION = f"{OCI}version"
OCI_REVISION = f"{OCI}revision"


def label_of(contract: Contract) -> str:
    """Return a contract as label text: JSON that includes today's defaults, because they may change."""
    return json.dumps(contract.model_dump(mode="json"), sort_keys=True)


def contract_of(labels: Mapping[str, str], otherwise: Contract) -> Contract:
    """Return the contract that an image or a container was built with.

    `otherwise` is used for images without the label, with the port from the container's own label.
    Keys that a newer relctl wrote and this one does not know are ignored: they must not block a rollback.
    """
    try:
        found = json.loads(labels.get(CONTRACT, ""))
        return Contract.model_validate({key: found[key] for key in found if key in Contract.model_fields})
    except (ValueError, TypeError, ValidationError):
        port = labels.get(PORT, "")
        return otherwise.model_copy(update={"port": int(port)}) if port.isdigit() else otherwise
