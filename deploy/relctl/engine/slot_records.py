"""Records of what was started in each slot, kept beside the ledger: a rollback must not need the engine."""

import json
from dataclasses import asdict, fields
from pathlib import Path

from relctl.engine.protocol import Container
from relctl.state.files import remove, replace_text


class SlotRecords:
    """One file per slot below `folder`: what was started there last, whether or not it still runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, slot: str) -> Container | None:
        """Return what was last started in a slot, None if nothing."""
        try:
            found = json.loads(self._path(slot).read_text(encoding="utf-8"))
            return Container(
                **{each.name: found[each.name] for each in fields(Container) if each.name in found}
            )
        except (OSError, ValueError, TypeError):  # only an aid: an unreadable record counts as missing
            return None

    def keep(self, slot: str, container: Container) -> None:
        """Record what a slot holds; raises OSError."""
        replace_text(self._path(slot), json.dumps(asdict(container), indent=1) + "\n")

    def forget(self, slot: str) -> None:
        """Remove the record of a slot that is emptied for good."""
        if self._path(slot).exists():
            remove(self._path(slot), self._path(slot).name)

    def _path(self, slot: str) -> Path:
        return self._folder / slot / "container.json"
