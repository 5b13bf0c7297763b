"""What a verification would do is what it then does, and telling it starts and writes nothing."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from hosts import Bench, bench
from relctl.engine.labels import ROLE
from relctl.engine.protocol import Container, ContainerSpec
from relctl.errors import ConfigError
from relctl.state import fault_points
from relctl.verify.plan import plan
from relctl.verify.trial.trial import Subject
from relctl.verify.verify import verify

TEXTS = "pipelines/texts.tsv"
QUALITY = f"gate: quality, data_sets: [{{file: {TEXTS}}}], margins: {{chrf: 1}}"
LATENCY = f"gate: latency, data_set: {TEXTS}, rate: 5, margins: {{p95: 0.5}}, max_p95: 1s"
CONTRACT = f"gate: contract, data_set: {TEXTS}, texts: 2, rounds: 1"
SIZE = "gate: size, max_image: 1GB, max_growth: 1MB"
# What happens, as it is written down below, and the step that it is.
STEPS = {
    r"before:lock\.take:verify\.lock": "lock",
    r"start (\w+)": r"\1",
    r"(gate [a-z]+)(?:: off: .*)?": r"\1",
    r"remove candidate": "remove",
    r"name": "hold",
    r"before:file\.remove:evidence": "forget",
    r"before:file\.rename:2\.0\.0-[0-9a-f]+\.html": "report",
    r"before:ledger\.write:verified": "record",
    r"before:file\.rename:2\.0\.0-[0-9a-f]+\.json": "evidence",
    r"before:file\.rename:index\.html": "index",
}


@pytest.fixture
def stand() -> Iterator[Bench]:
    with bench() as made:
        (made.folder / TEXTS).write_text(
            "source\treference\n" + "".join(f"你好 {number}\thello {number}\n" for number in range(200))
        )
        yield made


def subject(stand: Bench) -> Subject:
    """The second release, beside the first, which is live."""
    tags = [stand.image(version) for version in ("1.0.0", "2.0.0")]
    live, image = (stand.engine.image(f"svc:{tag}") for tag in tags)
    assert image is not None
    return Subject(stand.host.project, stand.engine, tags[1], image, live)


def gates(stand: Bench, *settings: str) -> None:
    """Let the pipeline have these gates behind those that it has."""
    path = stand.folder / "pipelines" / "verify.yaml"
    path.write_text(path.read_text() + "".join(f"  - {{{each}}}\n" for each in settings))


class Diary:
    """Writes down what happens, in its order: what changes the world, and what a verification says."""

    def __init__(self, stand: Bench, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path, self.engine = path, stand.engine
        self.begin, self.end = stand.engine.start, stand.engine.remove
        monkeypatch.setattr(stand.engine, "start", self.start)
        monkeypatch.setattr(stand.engine, "remove", self.remove)
        monkeypatch.setattr(stand.engine, "name_image", lambda *_: self.note("name"))

    def note(self, words: str) -> None:
        with self.path.open("a") as file:
            file.write(f"{words}\n")

    def start(self, spec: ContainerSpec) -> Container:
        self.note(f"start {spec.labels[ROLE]}")
        return self.begin(spec)

    def remove(self, name: str, grace: int = 0) -> None:
        container = self.engine.container(name)
        if container is not None:
            self.note(f"remove {container.labels[ROLE]}")
        self.end(name, grace)

    def steps(self) -> list[str]:
        """The steps that were taken; a line that is none is left out."""
        lines = [line.partition("#")[0] for line in self.path.read_text().splitlines()]
        found = ((re.fullmatch(pattern, line), name) for line in lines for pattern, name in STEPS.items())
        return [match.expand(name) for match, name in found if match]


@pytest.fixture
def diary(stand: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Diary]:
    path = tmp_path / "diary"
    fault_points.arm(f"record:{path}")
    yield Diary(stand, path, monkeypatch)
    fault_points.arm(None)


@pytest.mark.parametrize(
    "settings",
    [
        (),
        (SIZE, CONTRACT, QUALITY, f"{LATENCY}, off: no quiet machine"),
        (f"{CONTRACT}, off: no twin", f"{QUALITY}, off: no time", LATENCY),
        (QUALITY, LATENCY),
        (SIZE, f"{LATENCY}, off: no quiet machine"),
    ],
    ids=("a few gates", "a twin first", "latency alone", "one reference for two", "nothing beside it"),
)
def test_the_steps_are_told_in_the_order_in_which_they_are_taken(
    stand: Bench, diary: Diary, settings: tuple[str, ...]
) -> None:
    gates(stand, *settings)
    asked = subject(stand)
    diary.path.unlink()  # the builds wrote their records
    told = [step.name for step in plan(asked, stand.host.paths)]
    assert [each.name for each in stand.host.paths.state.iterdir()] == ["built"]
    assert not diary.path.exists()
    verify(asked, stand.host.paths, diary.note)
    assert told == diary.steps()
    assert len([name for name in told if name.startswith("gate ")]) == 3 + len(settings)


def test_what_is_held_already_is_not_told(stand: Bench) -> None:
    asked = subject(stand)
    verify(asked, stand.host.paths, stand.said.append)
    image = stand.engine.image(asked.image.id)
    assert image is not None
    steps = plan(replace(asked, image=image), stand.host.paths)
    assert "hold" not in [step.name for step in steps]


def test_the_files_that_are_told_are_the_ones_that_are_written(stand: Bench) -> None:
    asked = subject(stand)
    told = {step.name: step.does for step in plan(asked, stand.host.paths)}
    _, path = verify(asked, stand.host.paths, stand.said.append)
    assert path.name in told["evidence"]
    assert path.with_suffix(".html").name in told["report"]
    assert stand.events() == ["verified"]


def test_what_is_off_is_told_with_its_reason_and_what_runs_with_its_end(stand: Bench) -> None:
    gates(stand, QUALITY, f"{LATENCY}, off: no quiet machine")
    told = {step.name: step for step in plan(subject(stand), stand.host.paths)}
    assert told["gate latency"].does == "not run, it is off: no quiet machine"
    assert told["reference"].does == "start v1.0.0-abc12de beside it, to compare with"
    assert told["reference"].undo == told["candidate"].undo
    assert told["candidate"].undo == "its container is removed at the end, whatever happens"


def test_before_the_first_release_nothing_is_started_beside_it(stand: Bench) -> None:
    gates(stand, QUALITY)
    steps = plan(replace(subject(stand), live=None), stand.host.paths)
    assert "reference" not in [step.name for step in steps]


def test_a_bad_pipeline_is_refused(stand: Bench) -> None:
    environment = stand.host.project.environment.model_copy(update={"pipeline": PurePosixPath("none.yaml")})
    asked = replace(subject(stand), project=replace(stand.host.project, environment=environment))
    with pytest.raises(ConfigError, match=r"none\.yaml: there is no such file"):
        plan(asked, stand.host.paths)
