"""What is started in slots and beside them: a verification proves what a container can do in its limits."""

from dataclasses import replace

import pytest

from hosts import bench
from relctl.config.environment import Resources
from relctl.config.project import Project
from relctl.engine.protocol import Image, Limits
from relctl.engine.slots import SLOTS, TRIAL_ROLES, slot_spec, trial_spec

IMAGE = Image("sha256:1.0.0", (), {}, (), "65532:65532", 1)


@pytest.fixture
def project() -> Project:
    with bench() as stand:
        found = stand.host.project
    resources = Resources.model_validate({"cpus": 0.7, "memory": "333m", "pids": 77})
    return replace(found, environment=found.environment.model_copy(update={"resources": resources}))


@pytest.mark.parametrize("slot", SLOTS)
@pytest.mark.parametrize("role", TRIAL_ROLES)
def test_a_trial_has_the_limits_and_the_environment_of_a_slot(project: Project, role: str, slot: str) -> None:
    trial, live = trial_spec(project, IMAGE, role), slot_spec(project, slot, IMAGE)
    assert trial.limits == live.limits == Limits(0.7, 333 * 1024**2, 77)
    assert trial.environment == live.environment
    assert trial.image_id == live.image_id == IMAGE.id
    assert trial.port == live.port


@pytest.mark.parametrize("role", TRIAL_ROLES)
def test_a_trial_is_never_restarted_nor_at_the_address_of_a_slot(project: Project, role: str) -> None:
    trial = trial_spec(project, IMAGE, role)
    assert not trial.restart
    assert trial.address == ""
    assert trial.name not in {slot_spec(project, slot, IMAGE).name for slot in SLOTS}
