"""The picture of `relctl status --watch`: what must be seen at a glance."""

import pytest

from relctl.cli.picture import _slot
from relctl.rollout.slot_status import SlotStatus


@pytest.mark.parametrize("health", ["not ready", "paused", "stopped"])
def test_a_slot_that_does_not_serve_is_drawn_in_bold_red(health: str) -> None:
    assert _slot(SlotStatus("blue", "v1.0.0-abc12de", "sha256:1", health, "127.0.0.1:1")).style == "bold red"
