"""The doors of a dry run know what they are asked, and have nothing that would really happen."""

from dataclasses import fields
from functools import partial
from operator import attrgetter
from pathlib import Path

import pytest

from hosts import Bench
from memory_engine import MemoryEngine
from relctl.engine.protocol import Container, Engine
from relctl.engine.slots import SlotRecords
from relctl.probe.service import Service, ServiceDoor
from relctl.proxy.pointer import Pointer
from relctl.proxy.proxy import Proxy
from relctl.rollout.doors import EvidenceDoor, LedgerDoor, PointerDoor, ProxyDoor, SlotRecordsDoor
from relctl.rollout.dry_run import rehearse
from relctl.rollout.host import Host
from relctl.rollout.rehearsed_doors import (
    RehearsedEngine,
    RehearsedEvidence,
    RehearsedLedger,
    RehearsedPointer,
    RehearsedProxy,
    RehearsedService,
    RehearsedSlotRecords,
)
from relctl.state.evidence import EvidenceStore
from relctl.state.ledger import Ledger

DOORS = (
    (PointerDoor, Pointer, RehearsedPointer),
    (ProxyDoor, Proxy, RehearsedProxy),
    (LedgerDoor, Ledger, RehearsedLedger),
    (EvidenceDoor, EvidenceStore, RehearsedEvidence),
    (SlotRecordsDoor, SlotRecords, RehearsedSlotRecords),
    (ServiceDoor, Service, RehearsedService),
    (Engine, MemoryEngine, RehearsedEngine),
)
# What only a dry run asks of its own doors.
OWN = {RehearsedProxy: {"is_touched"}, RehearsedEngine: {"starts"}}


def methods(kind: type) -> set[str]:
    """The public methods and properties of a class."""
    return {
        name
        for each in kind.__mro__
        for name, found in vars(each).items()
        if not name.startswith("_") and (callable(found) or isinstance(found, property))
    }


@pytest.mark.parametrize(("protocol", "real", "rehearsed"), DOORS, ids=lambda each: each.__name__)
def test_a_rehearsed_door_knows_what_its_protocol_says_and_inherits_nothing(
    protocol: type, real: type, rehearsed: type
) -> None:
    assert rehearsed.__mro__ == (rehearsed, object)
    assert not hasattr(rehearsed, "__getattr__")
    known = methods(protocol)
    assert methods(rehearsed) - OWN.get(rehearsed, set()) <= known | methods(real)
    for name in methods(real) - known:
        assert not hasattr(rehearsed, name), f"{name} is beside the protocol, and must fail in a dry run"


def test_no_door_of_a_rehearsed_host_is_a_real_one(tmp_path: Path) -> None:
    host = Bench(tmp_path).host
    stage = rehearse(host)
    same = {each.name for each in fields(Host) if getattr(stage, each.name) is getattr(host, each.name)}
    assert same == {"project", "paths"}


@pytest.mark.parametrize("call", ["ledger.accept", "proxy.check", "proxy.pointer.ensure", "evidence.save"])
def test_a_call_that_a_rehearsal_does_not_know_fails(tmp_path: Path, call: str) -> None:
    host = Bench(tmp_path).host
    attrgetter(call)(host)
    with pytest.raises(AttributeError):
        attrgetter(call)(rehearse(host))


def test_what_no_rehearsed_command_asks_of_the_engine_fails(tmp_path: Path) -> None:
    engine = rehearse(Bench(tmp_path).host).engine
    for call in (
        partial(engine.load, tmp_path),
        partial(engine.prove, "x"),
        partial(engine.execute, "x", ()),
    ):
        with pytest.raises(NotImplementedError):
            call()


def test_what_would_be_written_is_read_again_and_is_not_there(tmp_path: Path) -> None:
    stand = Bench(tmp_path)
    stand.proved("1.0.0")
    stage = rehearse(stand.host)
    stage.evidence.remove("sha256:1.0.0")
    stage.proxy.pointer.move("green")
    assert (stage.evidence.knows("sha256:1.0.0"), stage.evidence.newest("sha256:1.0.0")) == (False, None)
    assert (stage.proxy.pointer.read(), stage.proxy.pointer.astray()) == ("green", "")
    assert stand.host.evidence.knows("sha256:1.0.0")
    assert stand.host.proxy.pointer.read() == ""


def test_nginx_would_know_each_configuration_that_was_put_in_place(tmp_path: Path) -> None:
    stand = Bench(tmp_path)
    stage = rehearse(stand.host)
    assert (stage.proxy.is_up(), stage.proxy.apply(), stage.proxy.due()) == (False, "started", "none")
    assert stage.proxy.is_up()
    assert stage.proxy.leads_to("blue")
    stage.records.keep("blue", Container("c", "sha256:1", {}, True, 0, 0, "127.0.0.1:9000"))
    assert not stage.proxy.leads_to("blue")
    assert (stage.proxy.apply(), stage.proxy.due()) == ("reloaded", "none")
    assert not stand.host.proxy.is_up()
