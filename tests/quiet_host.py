"""A host without processes, for tests of the order in which things happen: what it does is written down.

Its Nginx takes what it is told and runs nothing; services are asked where they are, and the engine is the one
in memory, which passes the points that the real one passes.
"""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import hosts
from happenings import Record, recorded
from hosts import Bench
from memory_engine import MemoryEngine
from relctl.config.versions import Contract
from relctl.engine.protocol import Container, ContainerSpec
from relctl.errors import ProxyError
from relctl.probe.service import Service
from relctl.proxy import proxy
from relctl.proxy.nginx import ManagedNginx
from relctl.proxy.pointer import Pointer, main_slot
from relctl.rollout import status
from relctl.rollout.host import Host
from relctl.state import fault_points
from relctl.state.fault_points import Effect, effect


class QuietNginx(ManagedNginx):
    """An Nginx that is a file; one beside it says what it refuses to do."""

    def test(self, config: Path) -> None:
        self._do("nginx.test", config)

    def pid(self) -> int | None:
        return os.getpid() if (self.folder / "up").exists() else None

    def serves(self) -> bool:
        return self.pid() is not None or (self.folder / "orphans").exists()

    def start(self) -> None:
        self._do("nginx.start", self.config)
        (self.folder / "up").touch()

    def reload(self) -> None:
        self._do("nginx.reload", self.config)

    def end_orphans(self) -> bool:
        found = (self.folder / "orphans").exists()
        if found:
            self._do("nginx.retire", self.config)
            (self.folder / "orphans").unlink()
        return found

    def stop(self) -> bool:
        ran = self.serves()
        for name in ("up", "orphans"):
            (self.folder / name).unlink(missing_ok=True)
        return ran

    def _do(self, name: Effect, config: Path) -> None:
        with effect(name):
            if (self.folder / f"refuses-{name}").exists():
                raise ProxyError(f"Nginx refuses {config}")


class ToldEngine(MemoryEngine):
    """An engine in memory whose changes are effects, as the real one's are."""

    def start(self, spec: ContainerSpec) -> Container:
        with effect("container.start", spec.labels.get("io.relctl.slot", spec.name)):
            return super().start(spec)

    def remove(self, name: str, grace: int = 0) -> None:
        if self.container(name) is None:
            return
        with effect("container.remove", name.rpartition("-")[2]):
            super().remove(name, grace)

    def name_image(self, image_id: str, reference: str) -> None:
        with effect("image.name", _kind(reference)):
            super().name_image(image_id, reference)

    def remove_image(self, reference: str) -> None:
        with effect("image.unname", _kind(reference)):
            super().remove_image(reference)

    def remove_network(self, name: str) -> None:
        with effect("container.remove", "network"):
            super().remove_network(name)


def _kind(reference: str) -> str:
    return "hold" if reference.startswith("relctl-hold/") else "plain"


@dataclass
class Quiet:
    """A bench whose host has no processes; `happened` says what was done since that was last asked."""

    bench: Bench
    record: Record

    @property
    def host(self) -> Host:
        return self.told(self.bench.host)

    def told(self, host: Host) -> Host:
        """The same host, whose Nginx is asked where the pointer leads."""

        def ask(address: str, contract: Contract) -> Service:
            if address != host.project.environment.proxy.address:
                self.record.asked("a slot")
                return Service(address, contract)
            self.record.asked("nginx")
            slot = main_slot(host.proxy.pointer.read())
            found = host.records.read(slot) if slot else None  # Nginx asks no engine
            return Service(found.address if found else "127.0.0.1:1", contract)

        return replace(host, ask=ask)

    def under(self, **policy: object) -> Host:
        """The host under another rollout policy."""
        return self.told(self.bench.under(**policy))

    def happened(self, *but: str) -> list[str]:
        """What was done since this was last asked; `but`: the first words of what is left out."""
        return self.record.happened(*but)


@contextlib.contextmanager
def quiet_host(monkeypatch: pytest.MonkeyPatch, record: Path) -> Iterator[Quiet]:
    """Yield such a host; nothing of it stays."""
    monkeypatch.setattr(os, "fsync", lambda _: None)  # a disk that is busy with others would take its time
    monkeypatch.setattr(proxy, "ManagedNginx", QuietNginx)
    monkeypatch.setattr(hosts, "MemoryEngine", ToldEngine)
    move = Pointer.move

    def told(pointer: Pointer, route: str) -> float:
        milliseconds = move(pointer, route)
        fault_points.point("after", "link.rename", f"to {route}")
        return milliseconds

    monkeypatch.setattr(Pointer, "move", told)
    for each in ("_ANSWERS_WITHIN", "_THROUGH_WITHIN"):  # who is down here refuses at once; others may stall
        monkeypatch.setattr(status, each, 30.0)
    with hosts.bench() as made, recorded(record) as happenings:
        made.host = made.under(ready_within=60.0)
        yield Quiet(made, happenings)
