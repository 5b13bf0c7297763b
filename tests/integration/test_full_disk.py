"""A full disk at every write of a rollout, under load, over a real Nginx: nothing is lost or half written."""

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from client_load import Load, failed
from hosts import Bench, bench
from relctl.config.environment import Hook, Rollout
from relctl.engine.leases import hold_image
from relctl.errors import NeedsPersonError, RolledBackError
from relctl.observation.figures import Figures
from relctl.observation.watch import Watched
from relctl.observation.window import Window
from relctl.rollout.host import Host
from relctl.rollout.observe import observe
from relctl.rollout.pin import pin, unpin
from relctl.rollout.promote import promote
from relctl.rollout.prune import prune
from relctl.rollout.rollback import rollback
from relctl.rollout.status import status
from relctl.state.event import Event
from relctl.tag import Tag
from small_disk import PAGE, SmallDisk, small_disk
from stands import ANY_P95

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a file system")

FIRST, SECOND, THIRD = (Tag(f"{number}.0.0", "abc12de") for number in (1, 2, 3))
FULL = "No space left on device"
WATCHED = Rollout.model_validate(
    {
        "canary": [30],
        "observe": "100ms",
        "too_few": "accept",
        "max_error_rate": 0.5,
        "max_p95_ratio": ANY_P95,
        "ready_within": "2s",
    }
)


class Stand:
    """A host whose state is on a small disk; 2 is live, 1 stands by, 3 is proved."""

    def __init__(self, made: Bench, disk: SmallDisk) -> None:
        self.bench, self.disk = made, disk
        environment = made.host.project.environment.model_copy(update={"rollout": WATCHED})
        self.host = made.with_project(environment=environment)
        for version in ("1.0.0", "2.0.0", "3.0.0"):
            made.proved(version)
        promote(self.host, FIRST)
        promote(self.host, SECOND)

    @property
    def live(self) -> str:
        found = status(self.host).live
        return found.tag if found else ""

    def fill(self) -> None:
        """Take all room, also that in the last page of the ledger."""
        path = self.host.paths.ledger
        missing = -path.stat().st_size % PAGE
        with path.open("a") as file:
            file.write(" " * (missing - 1) + "\n" if missing else "")
        self.disk.fill()

    def fill_before_event(self, number: int) -> None:
        """Fill the disk when a command has written so many events and is about to write the next."""
        append, left = self.host.ledger.append, [number]

        def filling(event: Event) -> None:
            if left[0] == 0:
                self.fill()
            left[0] -= 1
            append(event)

        vars(self.host.ledger)["append"] = filling

    def make_room(self) -> None:
        """Have room again, and another process that types the next command."""
        self.disk.make_room()
        self.host = Host.of(self.host.project, self.bench.engine, self.bench.said.append)

    def in_order(self) -> None:
        """Insist that nothing is left of it: no drift, no litter, a ledger of whole lines."""
        found = status(self.host)
        assert found.drift == []
        assert found.standby is not None
        assert list(self.host.paths.home.rglob(".*")) == []
        for line in self.host.paths.ledger.read_text().splitlines():
            assert not line.strip() or json.loads(line)["v"] == 1


@pytest.fixture
def still() -> Iterator[Stand]:
    """Without requests: a reload may close the connection of one that is idle."""
    with bench() as made, contextlib.ExitStack() as stack:
        disk = stack.enter_context(small_disk(made.folder / "state"))
        stack.callback(made.host.proxy.down)
        found = Stand(made, disk)
        yield found
        found.disk.make_room()
        found.in_order()


@pytest.fixture
def stand(still: Stand) -> Iterator[Stand]:
    """Requests are under way, of which none may fail, from here to the end of the test."""
    load = Load(still.bench.listen, "/translate", {"text": "x"}, connections=2, pause=0.01).start()
    try:
        load.wait_for(5, within=60)
        yield still
        load.wait_for(5, within=60)
    finally:  # else it asks on, in the process of all later tests
        samples = load.stop()
    assert failed(samples) == []


# Each event of a promote with a canary and an observation, and how it ends if there is no room for it.
PROMOTE = {
    "promoting": OSError,
    "pointed to a part": RolledBackError,
    "observed with a part": RolledBackError,
    "pointed": RolledBackError,
    "observing": RolledBackError,
    "observed": RolledBackError,
    "promoted": NeedsPersonError,
}


@pytest.mark.parametrize(
    ("number", "error"),
    [
        pytest.param(number, error, id=event, marks=pytest.mark.slow if "part" in event else ())
        for number, (event, error) in enumerate(PROMOTE.items())
    ],
)
def test_a_promote_whose_event_finds_no_room_is_undone_or_done(
    stand: Stand, number: int, error: type[Exception]
) -> None:
    stand.fill_before_event(number)
    with pytest.raises(error) as raised:
        promote(stand.host, THIRD)
    told = str(raised.value)
    assert str(stand.host.paths.ledger) in told
    assert FULL in told
    assert stand.live == str(THIRD if error is NeedsPersonError else SECOND)
    stand.make_room()
    promote(stand.host, THIRD)
    assert stand.live == str(THIRD)


@pytest.mark.parametrize("number", range(3), ids=("rolling-back", "pointed", "rolled-back"))
def test_a_warm_rollback_goes_back_and_says_what_it_could_not_write(stand: Stand, number: int) -> None:
    stand.fill_before_event(number)
    with pytest.raises(NeedsPersonError) as raised:
        rollback(stand.host, None)
    assert f"is live, but that could not be recorded: {stand.host.paths.ledger}: {FULL}" in str(raised.value)
    assert raised.value.hint == f"fix that, then relctl promote {FIRST}: it stays live and is recorded"
    assert stand.live == str(FIRST)
    stand.make_room()
    assert promote(stand.host, FIRST) is None
    assert stand.live == str(FIRST)


def test_the_standby_may_be_named_on_a_full_disk(stand: Stand) -> None:
    stand.fill()
    with pytest.raises(NeedsPersonError, match=f"{FIRST} is live, but"):
        rollback(stand.host, FIRST)
    assert stand.live == str(FIRST)
    stand.make_room()
    assert promote(stand.host, FIRST) is None


def test_who_goes_back_twice_on_a_full_disk_goes_forth_again(stand: Stand) -> None:
    stand.fill()
    for tag in (FIRST, SECOND):
        with pytest.raises(NeedsPersonError, match=f"{tag} is live, but"):
            rollback(stand.host, None)
        assert stand.live == str(tag)


@pytest.mark.parametrize(
    "command",
    [lambda host: rollback(host, FIRST), lambda host: pin(host, FIRST), lambda host: unpin(host, THIRD)],
    ids=("rollback TAG", "pin", "unpin"),
)
def test_what_has_time_waits_for_room(stand: Stand, command: Callable[[Host], object]) -> None:
    promote(stand.host, THIRD)
    promote(stand.host, SECOND)
    pin(stand.host, THIRD)
    stand.fill()
    with pytest.raises(OSError, match=f"{FULL}: '{stand.host.paths.ledger}'"):
        command(stand.host)
    assert stand.live == str(SECOND)
    stand.make_room()
    command(stand.host)


def test_pruning_makes_its_own_room(still: Stand) -> None:
    """Without requests: Nginx would log them into the room that pruning has made."""
    for version in ("4.0.0", "5.0.0", "6.0.0", "7.0.0"):  # one more than are kept of what was not promoted
        still.bench.proved(version)
        image = still.host.engine.image(f"sha256:{version}")
        assert image is not None
        hold_image(still.host.project, still.host.engine, image, f"v{version}-abc12de")
        still.host.ledger.append(Event("built", tag=f"v{version}-abc12de", image_id=image.id))
    still.fill()
    assert prune(still.host).removed == ["v4.0.0-abc12de"]
    assert "pruned" in still.bench.events()


@pytest.mark.parametrize("pages", range(7))
def test_a_configuration_is_put_in_place_whole_or_not_at_all(still: Stand, pages: int) -> None:
    template = still.bench.folder / "nginx" / "service.conf.j2"
    text = template.read_text()
    before = still.host.proxy.config.read_text()
    still.disk.fill(leave=pages)
    template.write_text(text.replace("keepalive 64;", "keepalive 32;"))
    with contextlib.suppress(OSError):
        still.host.proxy.apply()
    after = still.host.proxy.config.read_text()
    assert after in (before, before.replace("keepalive 64;", "keepalive 32;"))
    still.disk.make_room()
    still.host.proxy.apply()
    assert still.host.proxy.state().current


def test_a_configuration_that_finds_no_room_is_named(still: Stand) -> None:
    template = still.bench.folder / "nginx" / "service.conf.j2"
    template.write_text(template.read_text().replace("keepalive 64;", "keepalive 32;"))
    still.disk.fill()
    with pytest.raises(OSError, match=FULL) as raised:
        still.host.proxy.apply()
    assert raised.value.filename == str(still.host.proxy.config)
    still.disk.make_room()
    assert still.host.proxy.apply() == "reloaded"


def test_without_a_free_inode_the_pointer_moves_all_the_same(stand: Stand) -> None:
    stand.disk.fill_inodes()
    for tag in (FIRST, SECOND, FIRST):
        rollback(stand.host, None)
        assert stand.live == str(tag)
    stand.make_room()


def test_without_a_free_inode_and_a_place_to_give_up_the_pointer_stays_and_is_named(stand: Stand) -> None:
    routes = stand.host.paths.routes
    for each in routes.glob("*-*"):
        each.rmdir()
    stand.disk.fill_inodes()
    with pytest.raises(RolledBackError, match=FULL) as raised:
        rollback(stand.host, None)
    assert str(stand.host.paths.pointer) in str(raised.value)
    assert "make room on that disk" in raised.value.hint
    assert stand.live == str(SECOND)
    stand.make_room()
    rollback(stand.host, None)
    assert stand.live == str(FIRST)
    stand.host.proxy.apply()


@pytest.mark.parametrize(
    ("route", "window"),
    [("blue-20", False), ("blue", False), ("blue", True)],
    ids=("in a canary", "after the switch", "in its window"),
)
def test_a_promote_is_taken_back_and_what_could_not_be_written_is_said(
    stand: Stand, route: str, window: bool
) -> None:
    move = stand.bench.killed_promote(THIRD, route, observe=1_800.0)
    if window:
        opened = Window(
            move.tag, move.image_id, move.to_slot, move.from_slot, time.time(), move.observe
        ).opened()
        stand.host.ledger.append(opened)
    stand.fill()
    with pytest.raises(NeedsPersonError) as raised:
        rollback(stand.host, None)
    assert f"{SECOND} is live, but that could not be recorded: {stand.host.paths.ledger}: {FULL}" in str(
        raised.value
    )
    assert raised.value.hint == f"fix that, then relctl promote {SECOND}: it stays live and is recorded"
    assert stand.live == str(SECOND)
    stand.make_room()
    assert promote(stand.host, SECOND) is None
    found = status(stand.host)
    assert found.live is not None
    assert found.standby is not None
    assert (found.live.tag, found.standby.tag) == (str(SECOND), str(FIRST))


def test_a_window_that_ends_badly_gives_the_traffic_back_all_the_same(stand: Stand) -> None:
    window = Window(str(SECOND), "sha256:2.0.0", "green", "blue", time.time() - 1.0, 1.0)
    stand.host.ledger.append(window.opened())
    watched = Watched("unhealthy", False, Figures(requests=9, failed=9), None, ("planted",), 1.0)
    stand.fill()
    with pytest.raises(NeedsPersonError, match=f"{FIRST} is live, but that could not be recorded"):
        observe(replace(stand.host, watch=lambda *_: watched), 0.0)
    assert stand.live == str(FIRST)
    told = [words for words in stand.bench.said if words.startswith("continuing, though ")]
    assert [words.split()[2] for words in told] == ["observed", "rolling-back", "pointed"]
    stand.make_room()
    promote(stand.host, FIRST)


def test_what_could_not_be_written_is_told_to_whom_the_environment_names(stand: Stand) -> None:
    told = list[bytes]()

    def deliver(_hook: Hook, _folder: Path, body: bytes) -> str:
        told.append(body)
        return ""

    hook = Hook.model_validate({"run": ["true"], "on": ["rolled-back"]})
    environment = stand.host.project.environment.model_copy(update={"notify": (hook,)})
    project = replace(stand.host.project, environment=environment)
    host = replace(stand.host, project=project, deliver=deliver)
    stand.fill()
    with pytest.raises(NeedsPersonError):
        rollback(host, None)
    [body] = told
    assert (json.loads(body)["event"], json.loads(body)["tag"]) == ("rolled-back", str(FIRST))
    assert json.loads(body)["previous"] == str(SECOND)
    stand.make_room()
    promote(stand.host, FIRST)
