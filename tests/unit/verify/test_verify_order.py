"""The order in which a verification acts, and what its dry run says of it."""

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
from relctl.verify.trial.trial import Subject
from relctl.verify.verify import describe_verify, verify

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


BEGIN = ["lock", "candidate", "gate startup", "gate identity", "gate smoke"]
END = ["remove", "hold", "forget", "report", "record", "evidence", "index"]


@pytest.mark.parametrize(
    ("settings", "between"),
    [
        ((), []),
        (
            (SIZE, CONTRACT, QUALITY, f"{LATENCY}, off: no quiet machine"),
            ["gate size", "gate contract", "twin", "gate quality", "reference", "gate latency"],
        ),
        (
            (f"{CONTRACT}, off: no twin", f"{QUALITY}, off: no time", LATENCY),
            ["gate contract", "gate quality", "gate latency", "reference"],
        ),
        ((QUALITY, LATENCY), ["gate quality", "reference", "gate latency"]),
        ((SIZE, f"{LATENCY}, off: no quiet machine"), ["gate size", "gate latency"]),
    ],
    ids=("a few gates", "a twin first", "latency alone", "one reference for two", "nothing beside it"),
)
def test_a_verification_takes_its_steps_in_this_order(
    stand: Bench, diary: Diary, settings: tuple[str, ...], between: list[str]
) -> None:
    gates(stand, *settings)
    verify(subject(stand), stand.host.paths, diary.note)
    assert diary.steps() == [*BEGIN, *between, *END]


def test_a_dry_run_says_candidate_gates_and_evidence_in_a_line_and_starts_nothing(
    stand: Bench, diary: Diary
) -> None:
    gates(stand, QUALITY, f"{LATENCY}, off: no quiet machine")
    asked = subject(stand)
    diary.path.unlink()  # the builds wrote their records
    step = describe_verify(asked, stand.host.paths)
    assert [each.name for each in stand.host.paths.state.iterdir()] == ["built"]
    assert not diary.path.exists()
    _, path = verify(asked, stand.host.paths, diary.note)
    assert step.does == (
        f"run the gates startup, identity, smoke, quality over a candidate of {asked.tag} beside"
        f" v1.0.0-abc12de; latency is off: no quiet machine; write {path.name} and its report"
    )
    assert stand.events() == ["verified"]


def test_before_the_first_release_nothing_is_beside_it(stand: Bench) -> None:
    assert " beside " not in describe_verify(replace(subject(stand), live=None), stand.host.paths).does


def test_a_bad_pipeline_is_refused(stand: Bench) -> None:
    environment = stand.host.project.environment.model_copy(update={"pipeline": PurePosixPath("none.yaml")})
    asked = replace(subject(stand), project=replace(stand.host.project, environment=environment))
    with pytest.raises(ConfigError, match=r"none\.yaml: there is no such file"):
        describe_verify(asked, stand.host.paths)
