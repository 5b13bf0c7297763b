"""`--dry-run`: what a rehearsal reaches is what the command then reaches, and nothing was changed by it."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from client_load import Load, failed
from hosts import Bench, bench, real_proxy
from integration.test_rollout import begin
from relctl.config.environment import Hook
from relctl.errors import LockedError, RelctlError, RolledBackError
from relctl.observation.window import Window
from relctl.proxy.processes import serving
from relctl.rollout.down import down, down_proxy
from relctl.rollout.dry_run import rehearse
from relctl.rollout.ensure_proxy import up
from relctl.rollout.host import Host
from relctl.rollout.observe import observe
from relctl.rollout.pin import pin, unpin
from relctl.rollout.promote import promote
from relctl.rollout.prune import prune
from relctl.rollout.rehearsed_doors import RehearsedProxy
from relctl.rollout.rollback import rollback
from relctl.state import fault_points
from relctl.state.lock import exclusive, only_looking
from relctl.state.steps import Step, Steps
from relctl.tag import Tag

Command = Callable[[Host], object]


@pytest.fixture
def stand() -> Iterator[Bench]:
    with bench() as made:
        yield made


def files(folder: Path) -> dict[str, object]:
    """Every file below a folder: its kind, its time, its bytes or where it leads."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        known = path.lstat()
        content = path.readlink() if path.is_symlink() else path.read_bytes() if path.is_file() else b""
        found[str(path)] = (known.st_mode, known.st_ino, known.st_mtime_ns, content)
    return found


def everything(stand: Bench) -> object:
    """What a rehearsal must leave as it is; the logs of Nginx aside, since it may ask through that."""
    logs = ("access.log", "error.log")
    kept = {path: found for path, found in files(stand.folder).items() if not path.endswith(logs)}
    engine = stand.engine
    containers = {name: (entry.container, id(entry.server)) for name, entry in engine._entries.items()}
    images, networks = dict(engine._images), dict(engine._networks)
    return kept, containers, images, networks, stand.host.proxy.state(), all_workers(stand)


def all_workers(stand: Bench) -> set[int]:
    """The numbers of the workers that serve; those that a reload has retired end when they will.

    A master starts one after the other, and relctl goes on with the first.
    """
    nginx, deadline = real_proxy(stand.host)._nginx, time.monotonic() + 30
    while nginx.pid() is not None and len(serving(nginx.workers())) < (os.cpu_count() or 1):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return {worker.pid for worker in serving(nginx.workers())}


def rehearsed(stand: Bench, command: Command, host: Host) -> list[Step]:
    """The steps of a rehearsal that has changed nothing and said nothing."""
    before, said = everything(stand), list(stand.said)
    stage = rehearse(host)
    with effects() as reached:
        command(stage)
    assert reached == []
    assert everything(stand) == before
    assert stand.said == said
    assert stage.ledger.news() == []
    return stage.steps.reached


@contextlib.contextmanager
def effects() -> Iterator[list[str]]:
    """Note every change to the outside world, also one that leaves no trace."""
    reached: list[str] = []

    def note(point: str) -> None:
        if ":step:" not in point:
            reached.append(point)

    fault_points._armed.append(note)
    try:
        yield reached
    finally:
        fault_points._armed.remove(note)


def live_and_standby(stand: Bench) -> tuple[Tag, Tag]:
    first, second = stand.proved("1.0.0"), stand.proved("2.0.0")
    promote(stand.host, first)
    promote(stand.host, second)
    return first, second


def nothing_yet(stand: Bench) -> Command:
    tag = stand.proved("1.0.0")
    return lambda host: promote(host, tag)


def a_third(stand: Bench) -> Command:
    live_and_standby(stand)
    third = stand.proved("3.0.0")
    return lambda host: promote(host, third)


def the_standby(stand: Bench) -> Command:
    first, _ = live_and_standby(stand)
    return lambda host: promote(host, first)


def what_is_live(stand: Bench) -> Command:
    _, second = live_and_standby(stand)
    return lambda host: promote(host, second)


def without_evidence_by_force(stand: Bench) -> Command:
    live_and_standby(stand)
    third = stand.image("3.0.0")
    return lambda host: promote(host, third, "ticket 17")


def over_a_changed_template(stand: Bench) -> Command:
    command = a_third(stand)
    template = stand.folder / "nginx" / "service.conf.j2"
    template.write_text("# another line\n" + template.read_text())
    return command


def after_a_kill_before_the_switch(stand: Bench) -> Command:
    first, _ = live_and_standby(stand)
    begin(stand, "3.0.0", start=True, point=False)
    return lambda host: promote(host, first)


def after_a_kill_behind_the_switch(stand: Bench) -> Command:
    first, _ = live_and_standby(stand)
    begin(stand, "3.0.0", start=True, point=True)
    return lambda host: rollback(host, first)


def after_a_kill_and_a_death(stand: Bench) -> Command:
    live_and_standby(stand)
    begin(stand, "3.0.0", start=True, point=True)
    stand.engine.crash("relctl-svc-test-blue")
    return lambda host: rollback(host, None)


def over_a_lost_pointer(stand: Bench) -> Command:
    command = the_standby(stand)
    stand.host.paths.pointer.unlink()
    return command


def over_a_pointer_moved_by_hand(stand: Bench) -> Command:
    command = a_third(stand)
    stand.host.proxy.pointer.move("blue")
    return command


def over_a_crashed_live(stand: Bench) -> Command:
    command = a_third(stand)
    stand.engine.crash("relctl-svc-test-green")
    return command


def warm(stand: Bench) -> Command:
    live_and_standby(stand)
    return lambda host: rollback(host, None, "looks wrong")


def to_a_standby_that_is_silent(stand: Bench) -> Command:
    live_and_standby(stand)
    stand.engine.fall_silent("relctl-svc-test-blue")
    return lambda host: rollback(host, None)


def to_a_retained_release(stand: Bench) -> Command:
    first, _ = live_and_standby(stand)
    promote(stand.host, stand.proved("3.0.0"))
    return lambda host: rollback(host, first)


def while_nginx_is_down(stand: Bench) -> Command:
    live_and_standby(stand)
    stand.host.proxy.down()
    return lambda host: rollback(host, None)


def up_for_the_first_time(stand: Bench) -> Command:
    return up


def up_when_it_is(stand: Bench) -> Command:
    live_and_standby(stand)
    return up


def up_without_a_master(stand: Bench) -> Command:
    live_and_standby(stand)
    nginx = real_proxy(stand.host)._nginx
    pid = nginx.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while nginx.pid() is not None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return up


def watching(stand: Bench, command: Command, **policy: Any) -> Command:
    """From here on the environment has canary steps and observes."""
    chosen: dict[str, Any] = {"canary": (20,), "observe": 0.3, "too_few": "accept"}
    stand.host = stand.under(**chosen | policy)
    return command


def the_first_under_a_policy(stand: Bench) -> Command:
    return watching(stand, nothing_yet(stand))


def through_a_canary(stand: Bench) -> Command:
    return watching(stand, a_third(stand))


def through_a_warm_canary_while_nginx_is_down(stand: Bench) -> Command:
    command = watching(stand, the_standby(stand))
    stand.host.proxy.down()
    return command


def over_a_canary_made_by_hand(stand: Bench) -> Command:
    command = watching(stand, what_is_live(stand))
    up(stand.host)
    stand.host.proxy.pointer.move("blue-20")
    return command


def after_a_kill_in_a_canary(stand: Bench) -> Command:
    first, _ = live_and_standby(stand)
    watching(stand, up)
    up(stand.host)
    begin(stand, "3.0.0", start=True, point=False)
    stand.host.proxy.pointer.move("blue-20")
    return lambda host: promote(host, first)


def an_open_window(stand: Bench) -> Command:
    live_and_standby(stand)
    window = Window("v2.0.0-abc12de", "sha256:2.0.0", "green", "blue", time.time(), 0.5)
    stand.host.ledger.append(window.opened())
    return watching(stand, lambda host: observe(host, 0.0))


def a_look_at_what_is_live(stand: Bench) -> Command:
    live_and_standby(stand)
    return watching(stand, lambda host: observe(host, 0.3))


def everything_down(stand: Bench) -> Command:
    live_and_standby(stand)
    return down


def down_when_it_is(stand: Bench) -> Command:
    return down


def down_that_was_not_written_down(stand: Bench) -> Command:
    command, ledger = everything_down(stand), stand.host.paths.ledger
    whole = ledger.read_bytes()
    command(stand.host)
    ledger.write_bytes(whole)
    return command


def down_over_a_killed_verification(stand: Bench) -> Command:
    command = everything_down(stand)
    (stand.host.paths.fronts / "candidate").mkdir(parents=True)
    return command


def a_prune(stand: Bench) -> Command:
    for version in ("1.0.0", "2.0.0", "3.0.0", "4.0.0"):
        promote(retaining(stand.host, 9), stand.proved(version))
    return prune


def a_prune_after_a_killed_promote(stand: Bench) -> Command:
    live_and_standby(stand)
    stand.killed_promote(stand.proved("3.0.0"))
    return lambda host: prune(retaining(host, 1))


def retaining(host: Host, number: int) -> Host:
    versions = host.project.versions.model_copy(update={"retain": number})
    return replace(host, project=replace(host.project, versions=versions))


def a_pin(stand: Bench) -> Command:
    first, _ = live_and_standby(stand)
    return lambda host: pin(host, first, "an audit asks for it")


def a_pin_that_is_there(stand: Bench) -> Command:
    command = a_pin(stand)
    command(stand.host)
    return command


def an_unpin(stand: Bench) -> Command:
    first, _ = live_and_standby(stand)
    pin(stand.host, first)
    return lambda host: unpin(host, first, "the audit is over")


SITUATIONS = (
    *(nothing_yet, a_third, the_standby, what_is_live, without_evidence_by_force, over_a_changed_template),
    *(after_a_kill_before_the_switch, after_a_kill_behind_the_switch, after_a_kill_and_a_death),
    *(over_a_lost_pointer, over_a_pointer_moved_by_hand, over_a_crashed_live),
    *(warm, to_a_standby_that_is_silent, to_a_retained_release, while_nginx_is_down),
    *(the_first_under_a_policy, through_a_canary, through_a_warm_canary_while_nginx_is_down),
    *(over_a_canary_made_by_hand, after_a_kill_in_a_canary, an_open_window, a_look_at_what_is_live),
    *(up_for_the_first_time, up_when_it_is, up_without_a_master),
    *(everything_down, down_when_it_is, down_that_was_not_written_down, down_over_a_killed_verification),
    *(a_prune, a_prune_after_a_killed_promote),
    *(a_pin, a_pin_that_is_there, an_unpin),
)


@pytest.mark.parametrize("snapshot", SITUATIONS, ids=lambda each: each.__name__)
def test_a_command_takes_the_steps_that_were_told(stand: Bench, snapshot: Callable[[Bench], Command]) -> None:
    command = snapshot(stand)
    hook = Hook.model_validate({"on": ["promoted", "rolled-back", "aborted"], "run": ["true"]})
    environment = stand.host.project.environment.model_copy(update={"notify": [hook]})
    planned = rehearsed(stand, command, stand.with_project(environment=environment))
    host = stand.with_project(environment=environment)
    command(host)
    assert planned == host.steps.reached
    assert planned[0].name == "lock"
    for step in planned:
        assert bool(step.undo) != bool(step.why_none), f"{step.name}: what undoes it, or why nothing does?"


def test_a_plan_tells_every_step_of_a_promote_and_its_undo(stand: Bench) -> None:
    command = a_third(stand)
    steps = rehearsed(stand, command, stand.with_project())
    third, second = "v3.0.0-abc12de", "v2.0.0-abc12de"
    assert [step.name for step in steps] == [
        *("lock", "evidence", "begin", "start", "prove", "point", "prove-live", "record"),
    ]
    start, point = steps[3], steps[5]
    assert start.does == f"start {third} in blue, wait until it is ready, warm it up"
    assert start.undo == "start what was in blue before"
    assert point.undo == f"point at green again: all traffic goes to {second}"


def test_a_rehearsal_accepts_at_once_what_the_command_watches_for_hours(stand: Bench) -> None:
    command = watching(stand, a_third(stand), canary=(7, 25), observe=3600.0, too_few="wait")
    began = time.monotonic()
    steps = rehearsed(stand, command, stand.host)
    assert time.monotonic() - began < 60
    assert [step.name for step in steps] == [
        *("lock", "evidence", "proxy", "begin", "start", "prove"),
        *("canary", "canary", "point", "prove-live", "observe", "record"),
    ]
    first, second = steps[6:8]
    back = "point at green again: all traffic goes to v2.0.0-abc12de"
    assert first.does.startswith("point at blue-07: 7 % of the traffic go to v3.0.0-abc12de")
    assert second.does.startswith("point at blue-25: 25 %")
    assert {first.undo, second.undo} == {back}


def test_an_undone_move_names_the_step_that_failed(stand: Bench) -> None:
    live_and_standby(stand)
    with pytest.raises(RolledBackError):
        promote(stand.host, stand.proved("3.0.0", exits=True))
    assert stand.host.ledger.read().events[-1].details["step"] == "start"


@pytest.mark.parametrize(
    "command",
    [
        lambda host: promote(host, Tag.parse("v9.9.9-abc12de")),
        lambda host: promote(host, Tag.parse("v3.0.0-abc12de")),
        lambda host: rollback(host, Tag.parse("v9.9.9-abc12de")),
        lambda host: pin(host, Tag.parse("v9.9.9-abc12de")),
        lambda host: unpin(host, Tag.parse("v1.0.0-abc12de")),
    ],
    ids=["an unknown tag", "no evidence", "not retained", "nothing to pin", "not pinned"],
)
def test_a_refusal_is_told_as_the_command_would(stand: Bench, command: Command) -> None:
    live_and_standby(stand)
    stand.image("3.0.0")
    before = everything(stand)
    with pytest.raises(RelctlError) as rehearsal:
        command(rehearse(stand.host))
    assert everything(stand) == before
    with pytest.raises(RelctlError) as real:
        command(stand.host)
    told, refused = rehearsal.value, real.value
    assert (type(told), told.message, told.hint) == (type(refused), refused.message, refused.hint)


def test_a_rehearsal_where_nothing_ever_was_makes_no_file_and_takes_no_lock(stand: Bench) -> None:
    with pytest.raises(RelctlError, match="nothing is live"):
        rollback(rehearse(stand.host), None)
    assert not stand.host.paths.state.exists()


def test_a_rehearsal_is_told_who_is_at_work(stand: Bench) -> None:
    command = the_standby(stand)
    with exclusive(stand.host.paths.lock):
        before = everything(stand)
        with pytest.raises(LockedError, match=rf"\(pid {os.getpid()}\) runs"):
            command(rehearse(stand.host))
        assert everything(stand) == before


def test_rehearsing_under_load_loses_no_request(stand: Bench) -> None:
    command = a_third(stand)
    load = Load(stand.listen, "/translate", {"text": "x"}, connections=4).start()
    for _ in range(5):
        command(rehearse(stand.host))
        load.wait_for(20, within=10)
    samples = load.stop()
    assert failed(samples) == []
    assert {sample.release for sample in samples} == {"v2.0.0-abc12de"}


@pytest.mark.parametrize("running", [True, False])
def test_stopping_nginx_is_rehearsed_without_an_engine(stand: Bench, running: bool) -> None:
    if running:
        up(stand.host)
    before, steps = everything(stand), Steps()
    proxy = RehearsedProxy(stand.host.project, stand.host.paths)
    told = down_proxy(proxy, stand.host.paths, only_looking, steps)
    assert everything(stand) == before
    real = Steps()
    assert down_proxy(stand.host.proxy, stand.host.paths, exclusive, real) == told == running
    assert steps.reached == real.reached


def test_an_nginx_of_someone_else_is_not_stopped_in_a_rehearsal_either(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"mode": "system", "include": str(tmp_path / "relctl.conf")}
    with bench(**settings) as stand:
        proxy = RehearsedProxy(stand.host.project, stand.host.paths)
        with pytest.raises(RelctlError, match="not ours to stop"):
            down_proxy(proxy, stand.host.paths, only_looking, Steps())
