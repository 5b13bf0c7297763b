"""What a verification would do is what it then does, and telling it starts and writes nothing."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from hosts import Bench, bench
from relctl.errors import ConfigError
from relctl.verify.plan import plan
from relctl.verify.run import verify
from relctl.verify.trial import Subject


@pytest.fixture
def stand() -> Iterator[Bench]:
    with bench() as made:
        yield made


def subject(stand: Bench) -> Subject:
    tag = stand.image("1.0.0")
    image = stand.engine.image(f"svc:{tag}")
    assert image is not None
    return Subject(stand.host.project, stand.engine, tag, image, None)


def test_the_gates_are_told_in_the_order_in_which_they_run(stand: Bench) -> None:
    asked = subject(stand)
    steps = [step.name for step in plan(asked, stand.host.paths)]
    assert not stand.host.paths.state.exists()
    assert stand.engine.containers({}) == []
    verify(asked, stand.host.paths, stand.said.append)
    gates = [words for words in stand.said if words.startswith("gate ") and ":" not in words]
    assert steps == ["lock", "candidate", *gates, "evidence", "record", "report"]
    assert len(gates) >= 2


def test_the_files_that_are_told_are_the_ones_that_are_written(stand: Bench) -> None:
    asked = subject(stand)
    told = {step.name: step.does for step in plan(asked, stand.host.paths)}
    _, path = verify(asked, stand.host.paths, stand.said.append)
    assert path.name in told["evidence"]
    assert path.with_suffix(".html").name in told["report"]
    assert stand.events() == ["verified"]


def test_a_gate_that_is_off_and_a_live_image_are_told(stand: Bench) -> None:
    pipeline = stand.folder / "pipelines" / "verify.yaml"
    (stand.folder / "pipelines" / "texts.tsv").write_text("source\treference\n" + "你好\thello\n" * 200)
    latency = "{gate: latency, data_set: pipelines/texts.tsv, rate: 5, margins: {p95: 0.5}, max_p95: 1s"
    begun = pipeline.read_text()
    pipeline.write_text(f"{begun}  - {latency}, off: no quiet machine}}\n")
    asked = subject(stand)
    steps = plan(replace(asked, live=asked.image), stand.host.paths)
    assert steps[-4].does == "not run, it is off: no quiet machine"
    assert "reference" not in [step.name for step in steps]
    pipeline.write_text(f"{begun}  - {latency}}}\n")
    steps = plan(replace(asked, live=asked.image), stand.host.paths)
    assert steps[2].name == "reference"
    assert steps[2].undo == steps[1].undo == "its container is removed at the end, whatever happens"


def test_a_bad_pipeline_is_refused(stand: Bench) -> None:
    environment = stand.host.project.environment.model_copy(update={"pipeline": PurePosixPath("none.yaml")})
    asked = replace(subject(stand), project=replace(stand.host.project, environment=environment))
    with pytest.raises(ConfigError, match=r"none\.yaml: there is no such file"):
        plan(asked, stand.host.paths)
