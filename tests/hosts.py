"""A host for tests without Docker: the engine in memory, a real Nginx, a project made on the spot."""

import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from known_commit import COMMIT as COMMIT
from known_commit import make_repository
from memory_engine import MemoryEngine
from ports import free_port
from relctl.build.image import write_down
from relctl.config.environment import Environment
from relctl.config.project import Project
from relctl.config.versions import Versions
from relctl.engine.labels import CONTRACT, label_of
from relctl.engine.protocol import Image
from relctl.proxy.proxy import Proxy
from relctl.rollout.host import Host
from relctl.rollout.move import Switch
from relctl.rollout.prove import start_release
from relctl.rollout.snapshot import take_snapshot
from relctl.state.event import Event
from relctl.state.evidence import Evidence, EvidenceStore, GateResult
from relctl.state.ledger import Ledger
from relctl.tag import Tag
from scratch import ECHO, ROOT

PROVED_IN = "proving"  # the environment whose ledger has the verifications


class Bench:
    """A host, its engine, and what it said."""

    def __init__(self, folder: Path, **proxy: Any) -> None:
        self.folder, self.said = folder, list[str]()
        shutil.copytree(ROOT / "nginx", folder / "nginx")
        shutil.copytree(ECHO / "pipelines", folder / "pipelines")
        make_repository(folder)
        self.engine = MemoryEngine()
        self.host = Host.of(_project(folder, proxy), self.engine, self.said.append)

    @property
    def listen(self) -> str:
        return self.host.project.environment.proxy.address

    def image(self, version: str, **behaviour: Any) -> Tag:
        """Put an image into the engine, as a build would; returns its tag."""
        tag = Tag(version, COMMIT[:7])
        image = Image(f"sha256:{version}", (f"svc:{tag}",), _labels(tag, behaviour), (), "65532:65532", 1)
        self.engine.add(image)
        self.built(image.id, tag)
        return tag

    def built(self, image_id: str, tag: Tag) -> None:
        """Write down that an image was built here, as a build does."""
        write_down(self.host.paths, image_id, tag, COMMIT)

    def contract(self, version: str, **members: Any) -> None:
        """Let the image of a version say its contract, as those do that relctl builds."""
        image = self.engine.image(f"sha256:{version}")
        assert image is not None
        own = self.host.project.versions.contract.model_copy(update=members)
        self.engine.add(replace(image, labels={**image.labels, CONTRACT: label_of(own)}))

    def proved(self, version: str, **behaviour: Any) -> Tag:
        """Put an image into the engine with passing evidence; returns its tag."""
        tag = self.image(version, **behaviour)
        self.evidence(f"sha256:{version}", tag)
        return tag

    def evidence(self, image_id: str, tag: Tag, **members: Any) -> None:
        """Write evidence for an image, as a verification in another environment of this host would.

        Passing unless `members` say otherwise. The ledger of this environment has only what tests do in it.
        """
        now = datetime.now(UTC)
        verdict = members.pop("verdict", "pass")
        gate = GateResult(name="startup", verdict=verdict, figures={}, reason="", seconds=0.0)
        checksum = self.host.project.pipeline().checksum
        found = Evidence(
            image_id=image_id,
            tag=str(tag),
            pipeline=checksum,
            verdict=verdict,
            gates=[gate],
            started=now,
            ended=now,
            relctl="test",
            environment=PROVED_IN,
            resources=self.host.project.environment.resources.model_dump(),
        )
        found = found.model_copy(update=members)
        store = self.host.evidence
        assert isinstance(store, EvidenceStore)
        path = store.save(found)
        verified = Event(
            "verified",
            tag=found.tag,
            image_id=image_id,
            evidence=str(path),
            details={"evidence_sha256": found.sha256},
        )
        Ledger(replace(self.host.paths, environment=PROVED_IN).ledger).append(verified)

    def events(self) -> list[str]:
        """The names of the ledger's events, oldest first."""
        return [event.event for event in self.host.ledger.read().events]

    def killed_promote(self, tag: Tag, route: str = "", observe: float = 0.0, **notices: Any) -> Switch:
        """Leave what a promote leaves that is killed when it has pointed at its release, or at `route`."""
        snapshot, image = take_snapshot(self.host), self.engine.image(f"sha256:{tag.version}")
        standby = snapshot.container(snapshot.idle)
        assert image is not None
        move = Switch(
            "promote",
            str(tag),
            image.id,
            snapshot.idle,
            snapshot.live,
            replaced_image_id=standby.image_id if standby else "",
            notices=notices,
            observe=observe,
        )
        self.host.ledger.append(move.begun())
        start_release(self.host, move.to_slot, image)
        self.host.proxy.pointer.move(route or move.to_slot)
        self.host.ledger.append(move.event("pointed"))
        return move

    def with_project(self, **changes: Any) -> Host:
        """The same host under a changed project."""
        return Host.of(replace(self.host.project, **changes), self.engine, self.said.append)

    def under(self, **policy: Any) -> Host:
        """The same host under another rollout policy."""
        environment = self.host.project.environment
        rollout = environment.rollout.model_copy(update=policy)
        return self.with_project(environment=environment.model_copy(update={"rollout": rollout}))


def real_proxy(host: Host) -> Proxy:
    """The door of a host to its Nginx, with what a dry run does not have."""
    assert isinstance(host.proxy, Proxy)
    return host.proxy


@contextlib.contextmanager
def bench(**proxy: Any) -> Iterator[Bench]:
    """Yield a host whose folder Nginx's workers can enter; Nginx and containers end afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="relctl-test-"))
    folder.chmod(0o755)
    made = Bench(folder, **proxy)
    try:
        yield made
    finally:
        try:
            if made.host.project.environment.proxy.mode == "managed":
                made.host.proxy.down()
        finally:  # else services go on in the process of all later tests
            made.engine.close()
            shutil.rmtree(folder)


def _project(folder: Path, proxy: dict[str, Any]) -> Project:
    versions = {
        "service": "svc",
        "version": "1.0.0",
        "image": "svc",
        "base": {"bootstrap": "bookworm"},
        "requirements": "requirements.lock",
        "code": ["svc"],
        "model": {"path": "model", "name": "m", "revision": "1", "sha256": "0" * 64, "license": "MIT"},
        "command": ["svc"],
        "contract": {
            "port": 8000,
            "idempotent": "replay",
            "keep_alive": "200ms",
        },  # an idle slot is empty soon
    }
    environment = {
        "state_dir": str(folder / "state"),
        "proxy": {"listen": f"127.0.0.1:{free_port()}", **proxy},
        "network": {"publish": {"blue": free_port(), "green": free_port()}},
        "rollout": {"ready_within": "2s"},
    }
    return Project(folder, Versions.model_validate(versions), "test", Environment.model_validate(environment))


def _labels(tag: Tag, behaviour: dict[str, Any]) -> dict[str, str]:
    return {
        "io.relctl.service": "svc",
        "io.relctl.tag": str(tag),
        "io.relctl.model.sha256": "0" * 64,
        "org.opencontainers.image.version": tag.version,
        "org.opencontainers.image.revision": COMMIT,
        "behaviour": json.dumps(behaviour),
    }
