"""Describe a slot for Nginx: its address, and the contract of its release."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from relctl.config.project import Project
from relctl.config.versions import Contract
from relctl.engine.labels import contract_of
from relctl.engine.protocol import Container
from relctl.engine.slots import SLOTS, slot_address

_MARK = "# slots: "
_IDLE = 1.0  # seconds; draining detects within them whether a connection is in use
_LEAST_IDLE = 0.05


@dataclass(frozen=True)
class Upstream:
    """One slot as Nginx sees it; the two slots' releases may have different contracts."""

    address: str
    contract: Contract

    @property
    def idle(self) -> float:
        """Return for how many seconds Nginx keeps an idle connection to it; 0 where that is useless."""
        half = self.contract.keep_alive / 2
        return min(_IDLE, half) if half >= _LEAST_IDLE else 0.0


def of_the_slots(project: Project, started: Callable[[str], Container | None]) -> dict[str, Upstream]:
    """Return both slots as `started` there; an empty one by the project's folder."""
    return {slot: _upstream(project, slot, started(slot)) for slot in SLOTS}


def of_the_folder(project: Project) -> dict[str, Upstream]:
    """Return both slots by the project's folder, for releases without a contract of their own."""
    return {slot: _upstream(project, slot, None) for slot in SLOTS}


def _upstream(project: Project, slot: str, container: Container | None) -> Upstream:
    """Describe a slot by where it was started, whatever the environment's file says now."""
    contract = contract_of(container.labels if container else {}, project.versions.contract)
    started_at = container.address if container else ""
    return Upstream(started_at or slot_address(project, slot, contract.port), contract)


def mark(upstreams: Mapping[str, Upstream]) -> str:
    """Return the comment that records for which upstreams a configuration was made."""
    return _MARK + json.dumps({slot: _described(each) for slot, each in upstreams.items()}) + "\n"


def is_marked(text: str, slot: str, upstream: Upstream) -> bool:
    """Return whether a configuration was made for this upstream in a slot."""
    found = re.search(rf"{_MARK}(.*)\n\Z", text)  # on the last line, behind what the template ends with
    return found is not None and json.loads(found[1]).get(slot) == _described(upstream)


def _described(upstream: Upstream) -> dict[str, object]:
    return {"address": upstream.address, "contract": upstream.contract.model_dump(mode="json")}
