"""The HTTP contract of a release, stored as an image label so that any checkout can roll back to it."""

import json
from collections.abc import Mapping

from pydantic import ValidationError

from relctl.config.versions import Contract
from relctl.engine.inspected import PORT_LABEL

CONTRACT = "io.relctl.contract"


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
        port = labels.get(PORT_LABEL, "")
        return otherwise.model_copy(update={"port": int(port)}) if port.isdigit() else otherwise
