"""SIGKILL at every point of promote, rollback and prune, under load: one release serves, order returns.

A point is a state that the world is in on the way: before the first effect, and behind each (state/fault.py).
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from integration.killed_stand import Stand, assert_in_order, assert_true
from killing import Run
from scratch import echo_project

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1800)]  # seconds for each of many kills


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with echo_project() as project:
        tags = tuple(project.proved(version) for version in ("1.0.0", "2.0.0", "3.0.0"))
        made = Stand(project, tags, tmp_path_factory.mktemp("kept"))
        made.keep()
        made.settle()
        yield made


@dataclass(frozen=True)
class Scenario:
    """What is killed: `run` gives the command as it stands, after `before` has made it stand so.

    `headers` are those of the load: a reload of Nginx closes connections that are kept alive, as every reload
    does, so there the clients do not keep them. Points up to `since` are left to other scenarios.
    """

    run: Callable[[Stand], Run]
    before: Callable[[Stand], object] = lambda _: None
    around: Callable[[Stand], contextlib.AbstractContextManager[object]] = lambda _: contextlib.nullcontext()
    headers: tuple[tuple[str, str], ...] = ()
    since: str = ""

    def points(self, stand: Stand) -> list[str]:
        self.before(stand)
        found = self.run(stand).points(stand.project)
        return found[found.index(self.since) :] if self.since else found


def policy(**settings: str) -> dict[str, str]:
    loose = {"OBSERVE": "100ms", "TOO_FEW": "accept", "MAX_ERROR_RATE": "0.5", "MAX_P95_RATIO": "9"}
    return {f"RELCTL_ROLLOUT_{key}": value for key, value in (loose | settings).items()}


CANARY = policy(CANARY="[30]")


@contextlib.contextmanager
def canary_known(stand: Stand) -> Iterator[None]:
    stand.project.ok("proxy", "up", **CANARY)  # else a reload would close what the load keeps alive
    yield


@contextlib.contextmanager
def retaining_one(stand: Stand) -> Iterator[None]:
    stand.project.edit("versions.yaml", "retain: 3", "retain: 1")
    try:
        yield
    finally:
        stand.project.edit("versions.yaml", "retain: 1", "retain: 3")
        for tag in stand.tags:
            stand.bring_back(tag)
        stand.settle()


@contextlib.contextmanager
def closed_to_others(stand: Stand) -> Iterator[None]:
    before = os.umask(0o077)  # what is made, and not opened yet, shuts out Nginx's workers
    try:
        yield
    finally:
        os.umask(before)
        stand.settle()


def change_the_template(stand: Stand) -> None:
    template = stand.project.root / "nginx" / "service.conf.j2"
    template.write_text("# another line\n" + template.read_text())


def kill_a_promote(stand: Stand) -> None:
    Run(("promote", stand.third())).killed(stand.project, "after:container.start#1")


def bring_the_third_back(stand: Stand) -> None:
    stand.bring_back(stand.third())


SCENARIOS = {
    "a promote": Scenario(lambda stand: Run(("promote", stand.third()))),
    "a warm rollback": Scenario(lambda _: Run(("rollback",))),
    "a rollback to a stopped release": Scenario(lambda stand: Run(("rollback", stand.third()))),
    "a forced promote that reloads Nginx": Scenario(
        lambda stand: Run(("promote", stand.third(), "--force", "--reason", "x")),
        before=change_the_template,
        headers=(("Connection", "close"),),
    ),
    "a promote with a canary and an observation": Scenario(
        lambda stand: Run(("promote", stand.third()), CANARY), around=canary_known
    ),
    "a promote that takes itself back": Scenario(
        lambda stand: Run(("promote", stand.third()), policy(MIN_REQUESTS="1000000", TOO_FEW="rollback"), 5)
    ),
    "a promote that undoes a killed one": Scenario(
        lambda stand: Run(("promote", stand.live())), before=kill_a_promote
    ),
    "a promote of the standby": Scenario(lambda stand: Run(("promote", stand.standby()))),
    "the pruning behind a promote": Scenario(
        lambda stand: Run(("promote", stand.third())),
        before=bring_the_third_back,
        around=retaining_one,
        since="after:ledger.sync:promoted#1",
    ),
}
FIRST = Scenario(
    lambda stand: Run(("promote", stand.tags[0])), before=Stand.begin_anew, around=closed_to_others
)
QUICK = ("a promote", "a warm rollback")
EACH = [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow, id=name) for name in SCENARIOS]


@pytest.mark.parametrize("name", EACH)
def test_a_command_may_be_killed_anywhere(stand: Stand, name: str) -> None:
    scenario = SCENARIOS[name]
    with scenario.around(stand):
        for number, point in enumerate(scenario.points(stand)):
            print(point)  # shown when it fails
            scenario.before(stand)
            with stand.loaded(**dict(scenario.headers)):
                kill_and_go_on(stand, scenario.run(stand), point, retyped=number % 2 == 0)


def kill_and_go_on(stand: Stand, run: Run, point: str, *, retyped: bool) -> None:
    """Kill it, then type the same again, or say that live shall stay: both put everything in order."""
    run.killed(stand.project, point)
    if retyped:
        done = stand.project.run(*run.arguments, **run.environ)
        assert done.returncode in (0, run.code), done.stderr  # 0: the switch was finished, and it is watched
        return assert_in_order(stand, stand.project.json("status"))
    live = stand.live()
    stand.project.ok("promote", live)
    status = stand.project.json("status")
    assert status["live"]["tag"] == live, "live changed without a switch"
    return assert_in_order(stand, status)


@pytest.mark.slow
def test_a_first_promote_may_be_killed_anywhere(stand: Stand) -> None:
    with FIRST.around(stand):
        for point in FIRST.points(stand):
            print(point)
            FIRST.before(stand)
            FIRST.run(stand).killed(stand.project, point)
            stand.project.ok(*FIRST.run(stand).arguments)
            status = stand.project.json("status")
            assert_true(stand, status)
            assert (status["live"]["tag"], status["standby"]) == (stand.tags[0], None)


def test_there_are_more_than_two_hundred_points(stand: Stand) -> None:
    found = {}
    for name, scenario in {**SCENARIOS, "a first promote": FIRST}.items():
        with scenario.around(stand):
            found[name] = len(scenario.points(stand))
    print(found)
    assert sum(found.values()) >= 200
