"""The order in which a host is changed: wherever it is killed, users are served and the next one can tell.

What is announced is written down before it begins, what has happened after it; traffic moves to what was
proved, and back before anything else is undone; what is needed for the way back goes last.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from quiet_host import Quiet, quiet_host
from relctl.config.environment import Hook
from relctl.errors import EngineError, NeedsPersonError, ProxyError, RelctlError, RolledBackError, UsageError
from relctl.observation.figures import Figures
from relctl.observation.judge import Verdict
from relctl.observation.watch import Watch, Watched
from relctl.proxy.pointer import Pointer
from relctl.rollout.down import down
from relctl.rollout.ensure_proxy import up
from relctl.rollout.host import Host
from relctl.rollout.observe import observe
from relctl.rollout.pin import pin, unpin
from relctl.rollout.promote import promote
from relctl.rollout.prune import prune
from relctl.rollout.rollback import rollback
from relctl.state.fault_points import effect
from relctl.state.lock import is_held
from stands import FIRST, SECOND, THIRD

BEGIN = ["step begin", "write promoting", "step start", "remove blue", "start blue", "step prove"]
CANARY = ["step canary", "point blue-05", "write pointed", "write observed"]
POINT = ["step point", "point blue", "write pointed", "step prove-live"]
RECORD = ["step record", "write promoted"]
OBSERVE = ["step observe", "write observing", "write observed"]
UNDO = ["point green", "remove blue", "start blue", "write aborted"]
LOCKS = ("take", "free", "file", "delete", "ask")


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Quiet]:
    """1 stands by in blue, 2 is live in green, 3 is proved and held."""
    with quiet_host(monkeypatch, tmp_path / "record") as made:
        for tag in (FIRST, SECOND):
            promote(made.host, made.bench.proved(tag.version))
        made.bench.proved(THIRD.version)
        made.happened()
        yield made


def watched(host: Host, verdict: Verdict) -> Host:
    """A host whose traffic shows that a release is good, or bad."""

    def watch(_log: Any, what: Watch, _policy: Any, _say: Any) -> Watched:
        return Watched(verdict, verdict == "healthy", Figures(9, 0), None, ("planted",), what.seconds)

    return replace(host, watch=watch)


def test_the_first_promote_starts_nginx_before_anything_leads_to_its_release(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with quiet_host(monkeypatch, tmp_path / "record") as made:
        tag = made.bench.proved("1.0.0")
        made.happened()
        promote(made.host, tag)
        found = made.happened("take", "free", "ask")
    assert [each for each in found if "owner" not in each] == [
        "step lock",
        "step evidence",
        *("step proxy", "point none", "test", "delete applied.sha256"),
        *("file nginx.conf", "serve", "file applied.sha256"),
        "name hold",
        *("step begin", "write promoting", "step start", "start blue", "file container.json", "step prove"),
        *POINT,
        *RECORD,
    ]


def test_a_promote_points_at_what_was_proved_and_writes_down_each_end(stand: Quiet) -> None:
    promote(stand.host, THIRD)
    assert stand.happened(*LOCKS) == ["step lock", "step evidence", "name hold", *BEGIN, *POINT, *RECORD]


def test_a_canary_comes_before_the_switch_and_the_watching_after_it(stand: Quiet) -> None:
    promote(watched(stand.under(canary=(5,), observe=5.0), "healthy"), THIRD)
    found = stand.happened(*LOCKS)
    assert found[3:] == [*BEGIN, *CANARY, *POINT, *OBSERVE, *RECORD]


def test_a_rollback_to_the_standby_touches_no_container(stand: Quiet) -> None:
    rollback(stand.host, None)
    assert stand.happened(*LOCKS) == [
        "step lock",
        *("step begin", "write rolling-back", "step prove"),
        *POINT,
        *("step record", "write rolled-back"),
    ]


def test_only_a_warm_rollback_goes_on_over_a_ledger_that_is_damaged(stand: Quiet) -> None:
    """Users wait for it, and it touches no container; what is to be started has to be known for certain."""
    with stand.host.paths.ledger.open("a") as file:
        file.write("spoilt\n")
    moved = rollback(stand.host, None)
    assert (moved and moved.tag, stand.host.proxy.pointer.read()) == (str(FIRST), "blue")
    stand.bench.engine.fall_silent("relctl-svc-test-green")
    stand.happened()
    with pytest.raises(UsageError, match="not a ledger event"):
        rollback(stand.host, None)
    assert stand.happened(*LOCKS, "step") == []


@pytest.mark.parametrize(
    ("policy", "done"),
    [
        ({"canary": (5,), "observe": 5.0}, [*BEGIN, *CANARY]),
        ({"observe": 5.0}, [*BEGIN, *POINT, *OBSERVE]),
    ],
    ids=("in a canary", "after the switch"),
)
def test_an_undo_gives_the_traffic_back_before_the_slot_and_is_written_down_last(
    stand: Quiet, policy: dict[str, Any], done: list[str]
) -> None:
    with pytest.raises(RolledBackError, match="unhealthy: planted"):
        promote(watched(stand.under(**policy), "unhealthy"), THIRD)
    assert stand.happened(*LOCKS)[3:] == [*done, *UNDO]


def test_a_release_is_proved_before_each_part_of_the_traffic_and_after_it(stand: Quiet) -> None:
    """A slot is asked in itself, and Nginx as users ask."""
    promote(watched(stand.under(canary=(5,), observe=5.0), "healthy"), THIRD)
    found = stand.happened("take", "free", "file", "delete")
    proved = [
        each for each in found[found.index("step prove") :] if each.startswith(("ask", "point", "write"))
    ]
    assert proved == [
        "ask a slot",
        *("point blue-05", "write pointed", "ask a slot", "ask nginx", "write observed"),
        *("point blue", "write pointed", "ask nginx"),
        *("write observing", "write observed", "write promoted"),
    ]


def test_a_canary_that_does_not_answer_is_taken_back_without_being_watched(
    stand: Quiet, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, move = list[Watch](), Pointer.move

    def watch(_log: Any, what: Watch, _policy: Any, _say: Any) -> Watched:
        looked.append(what)
        return Watched("healthy", True, Figures(9, 0), None, ("planted",), what.seconds)

    def moved(pointer: Pointer, route: str) -> float:
        milliseconds = move(pointer, route)
        if route == "blue-05":
            stand.bench.engine.fall_silent("relctl-svc-test-blue")
        return milliseconds

    monkeypatch.setattr(Pointer, "move", moved)
    host = replace(stand.under(canary=(5,), observe=5.0), watch=watch)
    with pytest.raises(RolledBackError, match="is not ready"):
        promote(host, THIRD)
    assert looked == []


def test_a_release_before_that_is_down_is_started_and_has_the_traffic_before_the_slot_is_given_back(
    stand: Quiet,
) -> None:
    def watch(*_: Any) -> Watched:
        stand.bench.engine.crash("relctl-svc-test-green")
        return Watched("unhealthy", False, Figures(9, 9), None, ("planted",), 5.0)

    with pytest.raises(RolledBackError):
        promote(replace(stand.under(observe=5.0), watch=watch), THIRD)
    undone = stand.happened(*LOCKS)[3 + len([*BEGIN, *POINT, *OBSERVE]) :]
    assert undone == ["step heal", "remove green", "start green", *UNDO]


def test_a_standby_that_does_not_come_back_leaves_its_slot_empty_and_the_undo_done(stand: Quiet) -> None:
    def watch(*_: Any) -> Watched:
        stand.bench.engine.forget(f"svc:{FIRST}")
        return Watched("unhealthy", False, Figures(9, 9), None, ("planted",), 5.0)

    with pytest.raises(RolledBackError):
        promote(replace(stand.under(observe=5.0), watch=watch), THIRD)
    assert stand.happened(*LOCKS)[-3:] == ["point green", "remove blue", "write aborted"]
    assert stand.host.slot("blue") is None


@pytest.mark.parametrize(
    ("crashed", "done"), [(False, []), (True, ["remove blue", "start blue"])], ids=("running", "stopped")
)
def test_a_start_that_was_refused_leaves_a_standby_that_runs_as_it_is(
    stand: Quiet, monkeypatch: pytest.MonkeyPatch, crashed: bool, done: list[str]
) -> None:
    def refused(*_: Any) -> None:
        raise EngineError("planted")

    monkeypatch.setattr("relctl.rollout.switch.start_release", refused)
    if crashed:
        stand.bench.engine.crash("relctl-svc-test-blue")
    with pytest.raises(RolledBackError, match="planted"):
        promote(stand.host, THIRD)
    begun = ["step begin", "write promoting", "step start"]
    assert stand.happened(*LOCKS)[3:] == [*begun, *done, "write aborted"]


def test_nothing_is_started_beside_a_live_container_that_a_hand_has_renamed(stand: Quiet) -> None:
    stand.bench.engine.rename("relctl-svc-test-green", "renamed")
    with pytest.raises(NeedsPersonError, match="but was renamed manually"):
        promote(stand.host, THIRD)
    assert stand.happened(*LOCKS) == ["step lock"]


def test_a_first_release_that_nginx_does_not_show_loses_the_traffic_before_its_slot(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def not_shown(*_: Any) -> None:
        raise ProxyError("planted")

    monkeypatch.setattr("relctl.rollout.switch.prove_through_proxy", not_shown)
    with quiet_host(monkeypatch, tmp_path / "record") as made:
        tag = made.bench.proved("1.0.0")
        with pytest.raises(RolledBackError):
            promote(made.host, tag)
        assert made.happened(*LOCKS)[-4:] == [POINT[-1], "point none", "remove blue", "write aborted"]


def test_a_release_that_is_another_one_is_found_out_before_it_gets_traffic(stand: Quiet) -> None:
    bad = stand.bench.proved("4.0.0", lies={"tag": "v9.9.9-abc12de"})
    with pytest.raises(RolledBackError, match="is another release"):
        promote(stand.host, bad)
    assert stand.happened(*LOCKS)[4:] == [*BEGIN, "remove blue", "start blue", "write aborted"]


def test_an_engine_that_hangs_in_an_undo_does_not_keep_users_waiting(stand: Quiet) -> None:
    """The release before is asked itself, first, and has the traffic before the engine is asked anything."""
    engine = stand.bench.engine

    def watch(*_: Any) -> Watched:
        asked.clear()
        return Watched("unhealthy", False, Figures(9, 9), None, ("planted",), 5.0)

    def container(name: str) -> Any:
        asked.append(stand.host.proxy.pointer.read())
        return ask(name)

    asked, ask = list[str](), engine.container
    engine.container = container  # type: ignore[method-assign]
    with pytest.raises(RolledBackError):
        promote(replace(stand.under(observe=5.0), watch=watch), THIRD)
    assert set(asked) == {"green"}


def kill(route: str) -> Callable[[Quiet], Any]:
    return lambda stand: stand.bench.killed_promote(THIRD, route)


def lose_pointer(stand: Quiet) -> None:
    stand.bench.host.paths.pointer.unlink()


def crash_live(stand: Quiet) -> None:
    stand.bench.engine.crash("relctl-svc-test-green")


def strange_canary(stand: Quiet) -> None:
    stand.bench.host.proxy.pointer.move("blue-05")


def killed_and_dead(stand: Quiet) -> None:
    stand.bench.killed_promote(THIRD)
    stand.bench.engine.crash("relctl-svc-test-blue")


def killed_and_beyond_help(stand: Quiet) -> None:
    """What the pointer led to before is gone for good, and the new one answers already."""
    stand.bench.killed_promote(THIRD, "blue-05")
    stand.bench.engine.crash("relctl-svc-test-green")
    stand.bench.engine.forget(f"svc:{SECOND}")


BACK = ["point green", "step prove-live", "remove blue", "start blue", "write aborted"]


@pytest.mark.parametrize(
    ("before", "command", "done"),
    [
        (kill("blue"), lambda host: rollback(host, None), ["step take-back", *BACK]),
        (kill("blue-05"), lambda host: rollback(host, None), ["step take-back", *BACK]),
        (
            kill("blue"),
            lambda host: promote(host, THIRD),
            ["step finish", "write promoted", "step prove-live"],
        ),
        (kill("blue-05"), prune, ["step undo", *UNDO]),
        (killed_and_dead, prune, ["step undo", *UNDO]),
        (lose_pointer, prune, ["step repair", "point green", "write repaired"]),
        (
            crash_live,
            lambda host: promote(host, SECOND),
            ["step heal", "remove green", "start green", "write repaired", "step prove-live"],
        ),
        (
            strange_canary,
            lambda host: rollback(host, None),
            ["step leave-canary", "write repaired", "point green", "step prove-live"],
        ),
    ],
    ids=(
        "taken back",
        "taken back in a canary",
        "finished",
        "undone in a canary",
        "undone after the switch",
        "a lost pointer",
        "live is down",
        "a canary that nobody knows of",
    ),
)
def test_what_was_left_is_put_in_order_step_by_step(
    stand: Quiet, before: Callable[[Quiet], Any], command: Callable[[Host], Any], done: list[str]
) -> None:
    before(stand)
    stand.happened()
    command(stand.host)
    assert stand.happened(*LOCKS, "name") == ["step lock", *done]


def test_the_only_one_that_answers_gets_the_traffic_before_that_is_written_down(stand: Quiet) -> None:
    killed_and_beyond_help(stand)
    stand.happened()
    asked = replace(stand.host, ask=lambda _address, contract: stand.host.ask(blue(stand), contract))
    promote(asked, THIRD)
    found = stand.happened(*LOCKS)
    assert found[:2] == ["step lock", "step undo"]
    assert found[-5:] == ["step keep", "point blue", "step finish", "write promoted", "step prove-live"]


def blue(stand: Quiet) -> str:
    container = stand.bench.engine.container("relctl-svc-test-blue")
    assert container is not None
    return container.address


def test_a_window_that_ends_badly_is_closed_before_the_traffic_goes_back(stand: Quiet) -> None:
    stand.bench.killed_promote(THIRD, observe=5.0)
    promote(stand.host, THIRD)
    stand.happened()
    with pytest.raises(RolledBackError, match="unhealthy: planted"):
        observe(watched(stand.host, "unhealthy"), 5.0)
    assert stand.happened(*LOCKS) == [
        *("step lock", "step observe", "step record", "write observed"),
        *("step begin", "write rolling-back", "step prove", "step point", "point green", "write pointed"),
        *("step prove-live", "step record", "write rolled-back"),
    ]


def test_a_pin_holds_the_image_before_it_says_so(stand: Quiet) -> None:
    tag = stand.bench.image("4.0.0")
    pin(stand.host, tag)
    assert stand.happened(*LOCKS) == ["step lock", "step pin", "name hold", "write pinned"]
    unpin(stand.host, tag)
    assert stand.happened(*LOCKS) == ["step lock", "step unpin", "write unpinned"]


def test_retention_lets_go_of_the_image_first_and_forgets_it_last(stand: Quiet) -> None:
    """The hold is the last name, so a killed one is gone on with; the ledger forgets when all is gone."""
    old = stand.bench.proved("0.9.0")
    pin(stand.host, old)
    unpin(stand.host, old)
    stand.happened()
    versions = stand.bench.host.project.versions.model_copy(update={"retain": 1})
    prune(stand.bench.with_project(versions=versions))
    gone = ["step prune", "unname plain", "unname hold", "delete evidence", "write pruned"]
    found = stand.happened("take", "free", "ask", "file", "name")
    assert [each for each in found if "owner" not in each] == ["step lock", *gone]


def test_a_promote_prunes_when_it_is_done(stand: Quiet) -> None:
    versions = stand.bench.host.project.versions.model_copy(update={"retain": 1})
    promote(stand.told(stand.bench.with_project(versions=versions)), THIRD)
    found = stand.happened(*LOCKS, "name")
    assert found[-6:] == [*RECORD, "step prune", "unname plain", "unname hold", "write pruned"]


def edit(stand: Quiet) -> None:
    path = stand.bench.folder / "nginx" / "service.conf.j2"
    path.write_text(f"{path.read_text()}# edited\n")


def nginx(stand: Quiet, name: str) -> None:
    (stand.bench.host.paths.proxy / name).touch()


CHANGED = ["step proxy", "test", "delete applied.sha256", "file nginx.conf"]


@pytest.mark.parametrize(
    ("refuses", "done"),
    [
        ("", [*CHANGED, "reload", "file applied.sha256"]),
        ("refuses-nginx.test", ["step proxy"]),
        ("refuses-nginx.reload", [*CHANGED, "file nginx.conf"]),
    ],
    ids=("taken", "refused", "kept from reloading"),
)
def test_a_configuration_is_tried_before_it_is_put_in_place_and_known_once_it_is_read(
    stand: Quiet, refuses: str, done: list[str]
) -> None:
    edit(stand)
    before = stand.host.proxy.config.read_text()
    if refuses:
        nginx(stand, refuses)
        with pytest.raises(ProxyError):
            up(stand.host)
        assert stand.host.proxy.config.read_text() == before
    else:
        up(stand.host)
    found = stand.happened("take", "free", "ask")
    assert [each for each in found if "owner" not in each] == ["step lock", *done]


def orphaned(stand: Quiet) -> None:
    """Kill the master, and leave its workers."""
    (stand.bench.host.paths.proxy / "up").unlink()
    nginx(stand, "orphans")


def test_workers_without_a_master_serve_until_its_configuration_is_tried(stand: Quiet) -> None:
    orphaned(stand)
    nginx(stand, "refuses-nginx.test")
    with pytest.raises(ProxyError):
        up(stand.host)
    assert stand.host.proxy.is_up()
    (stand.bench.host.paths.proxy / "refuses-nginx.test").unlink()
    stand.happened()
    assert up(stand.host) == "restarted"
    found = ["step lock", "step proxy", "test", "retire", "serve", "file applied.sha256"]
    assert [each for each in stand.happened("take", "free", "ask") if "owner" not in each] == found


def test_workers_without_a_master_let_go_of_the_port_before_another_nginx_takes_it(stand: Quiet) -> None:
    orphaned(stand)
    edit(stand)
    assert up(stand.host) == "started"
    found = [each for each in stand.happened("take", "free", "ask") if "owner" not in each]
    assert found == ["step lock", *CHANGED, "retire", "serve", "file applied.sha256"]


def test_down_stops_nginx_before_what_it_leads_to(stand: Quiet) -> None:
    assert down(stand.host) == ["nginx", "relctl-svc-test-blue", "relctl-svc-test-green"]
    assert stand.happened(*LOCKS) == [
        *("step lock", "step proxy", "step remove", "remove blue", "step remove", "remove green"),
        *("step network", "remove network", "remove network"),  # the slots', and a verification's
        *("step record", "write stopped"),
    ]


PROMOTES = ["take watching.lock", "take lock", "free watching.lock", "free lock", "tell"]
DOWN = ["take watching.lock", "take lock", "take verify.lock"]


@pytest.mark.parametrize(
    ("command", "locks"),
    [
        (lambda host: promote(host, THIRD), PROMOTES),
        (lambda host: rollback(host, None), ["take lock", "free lock", "tell"]),
        (prune, ["take lock", "free lock"]),
        (down, [*DOWN, "free verify.lock", "free watching.lock", "free lock"]),
        (lambda host: pin(host, THIRD), ["take lock", "free lock"]),
    ],
    ids=("promote", "rollback", "prune", "down", "pin"),
)
def test_whoever_is_told_of_it_is_told_when_every_lock_is_free(
    stand: Quiet, command: Callable[[Host], Any], locks: list[str]
) -> None:
    """A slow program must not keep the next one from a rollback."""
    hook = Hook.model_validate({"on": ["promoted", "rolled-back"], "run": ["true"]})
    environment = stand.bench.host.project.environment.model_copy(update={"notify": [hook]})
    host = stand.told(stand.bench.with_project(environment=environment))

    def told(*_: object) -> str:
        with effect("notify"):
            return ""

    command(replace(host, deliver=told))
    found = [each for each in stand.happened() if each.startswith(("take", "free", "tell"))]
    assert found == locks


def test_the_lock_is_let_go_of_while_a_release_is_only_watched(stand: Quiet) -> None:
    def watch(*_: Any) -> Watched:
        held.append(is_held(stand.host.paths.lock))
        held.append(is_held(stand.host.paths.watching))
        return Watched("healthy", True, Figures(9, 0), None, ("planted",), 5.0)

    held = list[bool]()
    promote(replace(stand.under(canary=(5,), observe=5.0), watch=watch), THIRD)
    assert held == [False, True, False, True]


@pytest.mark.parametrize(
    "error", [RelctlError("planted"), KeyboardInterrupt()], ids=lambda each: type(each).__name__
)
def test_a_lock_is_let_go_of_after_its_holder_s_name_is_gone(stand: Quiet, error: BaseException) -> None:
    with pytest.raises(type(error)), stand.host.hold(stand.host.paths.lock):
        raise error
    assert stand.happened() == ["take lock", "file lock.owner.json", "delete lock.owner.json", "free lock"]
