"""A host for killed commands: three proved releases, two of them in the slots, and what must hold of it."""

import contextlib
import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from docker.errors import ImageNotFound

from client_load import Load, failed
from relctl.config.project import load as load_project
from relctl.engine.docker import connect
from relctl.engine.slots import SLOTS
from relctl.rollout.host import Host
from relctl.rollout.snapshot import Snapshot, take_snapshot
from relctl.state.event import Event
from relctl.state.history import BEGUN, SETTLED
from relctl.state.layer_cache import NOTES
from relctl.state.ledger import Ledger
from relctl.state.paths import Paths
from scratch import Scratch, echo_project


@dataclass(frozen=True)
class Stand:
    """Two of `tags` are in the slots after every kill, whichever: so nothing is settled anew between kills.

    `kept` is a folder outside the state, for what a pruning removes.
    """

    project: Scratch
    tags: tuple[str, ...]
    kept: Path

    @property
    def paths(self) -> Paths:
        return Paths(self.project.state, self.project.service, "local")

    def settle(self) -> None:
        """Bring every release through the traffic once, so that all are retained."""
        for tag in self.tags:
            self.project.ok("promote", tag)

    @property
    def snapshot(self) -> Snapshot:
        """How it stands, read in this process: a command that tells it takes longer than one is killed."""
        project = load_project(self.project.root, "local", self.project.environ)
        return take_snapshot(Host.of(project, connect(project.environment), print))

    def live(self) -> str:
        return self.snapshot.live_tag

    def standby(self) -> str:
        found = self.snapshot
        return found.tag(found.idle)

    def third(self) -> str:
        """The release that is in no slot."""
        inside = [self.snapshot.tag(slot) for slot in SLOTS]
        return next(tag for tag in self.tags if tag not in inside)

    @contextlib.contextmanager
    def loaded(self, **headers: str) -> Iterator[Load]:
        """Send requests all the while, none of which may fail; the last ones are answered by what is live."""
        load = Load(self.project.listen, "/translate", {"text": "x"}, 4, pause=0.01, headers=headers).start()
        try:
            load.wait_for(8, within=30)
            yield load
            load.wait_for(8, within=30)
        finally:
            samples = load.stop()
        assert failed(samples) == []
        assert {sample.release for sample in samples[-4:]} == {self.live()}

    def keep(self) -> None:
        """Keep image, evidence and the notes of cached layers of every release aside."""
        shutil.copytree(self.paths.evidence, self.kept / "evidence")
        for tag in self.tags:
            layers = self._save(tag)
            for note in self._cache.glob(f"{NOTES}/*/*.json"):
                if json.loads(note.read_text())["digest"] in layers:
                    kept = self.kept / note.relative_to(self._cache)
                    kept.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(note, kept)

    def _save(self, tag: str) -> list[str]:
        """Keep the image of a release aside; returns the digests of its layers."""
        with engine() as client, (self.kept / tag).open("wb") as file:
            image = client.images.get(f"{self._image}:{tag}")
            file.writelines(image.save(named=f"{self._image}:{tag}"))
            layers: list[str] = image.attrs["RootFS"]["Layers"]
        return layers

    def begin_anew(self) -> None:
        """Leave nothing of the environment but the evidence of its releases, and what vouches for it."""
        self.project.ok("down")
        events = Ledger(self.paths.ledger).read().events
        shutil.rmtree(self.paths.home)
        for event in events:
            if event.event == "verified":
                Ledger(self.paths.ledger).append(event)

    def bring_back(self, tag: str) -> None:
        """Bring back what a pruning removed of a release."""
        with engine() as client, (self.kept / tag).open("rb") as file:
            client.images.load(file)
        shutil.copytree(self.kept / "evidence", self.paths.evidence, dirs_exist_ok=True)
        shutil.copytree(self.kept / NOTES, self._cache / NOTES, dirs_exist_ok=True)

    def has(self, tag: str) -> bool:
        """Tell whether the engine has the image of a release."""
        with engine() as client:
            try:
                client.images.get(f"{self._image}:{tag}")
            except ImageNotFound:
                return False
        return True

    @property
    def _cache(self) -> Path:
        return self.project.state / "cache"

    @property
    def _image(self) -> str:
        return f"relctl-test-{self.project.service}"


@contextlib.contextmanager
def engine() -> Iterator[docker.DockerClient]:
    """The engine's own client."""
    client = docker.from_env()
    try:
        yield client
    finally:
        client.close()


@contextlib.contextmanager
def killed_stand(kept: Path) -> Iterator[Stand]:
    """Yield the stand, settled; nothing of it is left but what is kept."""
    with echo_project() as project:
        tags = tuple(project.proved(version) for version in ("1.0.0", "2.0.0", "3.0.0"))
        made = Stand(project, tags, kept)
        made.keep()
        made.settle()
        yield made


def assert_in_order(stand: Stand, status: Any) -> None:
    """Live and standby are ready, and two, and what `assert_true` holds."""
    assert_true(stand, status)
    assert status["standby"]["health"] == "ready"
    assert status["live"]["tag"] != status["standby"]["tag"]


def assert_true(stand: Stand, status: Any) -> None:
    """No drift; live is ready; the ledger names it, and how every move ended."""
    assert (status["drift"], status["live"]["health"]) == ([], "ready")
    events = stand.snapshot.events
    settled = [event for event in events if event.event in SETTLED]
    assert (settled[-1].tag, settled[-1].image_id) == (status["live"]["tag"], status["live"]["image_id"])
    assert untold(events) == []
    assert {name: count for name, count in litter(stand.paths.home).items() if count > 1} == {}


def untold(events: Sequence[Event]) -> list[Event]:
    """The moves whose end the ledger does not tell, or tells wrongly: what was refused was not kept."""
    begins = [number for number, event in enumerate(events) if event.event in BEGUN.values()]
    moves = [events[begin:end] for begin, end in zip(begins, [*begins[1:], None], strict=True)]
    return [move[0] for move in moves if not _is_told(move)]


def _is_told(move: Sequence[Event]) -> bool:
    ends = [number for number, event in enumerate(move) if event.event in (*SETTLED, "aborted")]
    if not ends or move[ends[0]].image_id != move[0].image_id:
        return False
    refused = any(event.details.get("accepted") is False for event in move[: ends[0]])
    return move[ends[0]].event == "aborted" or not refused


def litter(folder: Path) -> Counter[str]:
    """How many temporary files of killed processes there are, by the file that they stand for."""
    hidden = (path.name for path in folder.rglob(".*"))
    return Counter(re.sub(r"\.(\d+\..*|new)$", "", name) for name in hidden)
