"""The commands that are killed at every point: what is typed, how it stands before, what goes on around."""

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from integration.going_on import ROLLBACK, GoOn, Killed, keep_live, take_back, type_the_same
from integration.killed_stand import Stand, assert_in_order
from killing import Run
from stands import ANY_P95


@dataclass(frozen=True)
class Scenario:
    """What is killed: `run` gives the command as it stands, after `before` has made it stand so.

    `aim` is the release that it makes live; `then` are the ways to go on, taken in turn. `headers` are those
    of the load: a reload of Nginx closes connections that are kept alive, as every reload does, so there the
    clients do not keep them. Points up to `since` are left to other scenarios.
    """

    run: Callable[[Stand], Run]
    aim: Callable[[Stand], str]
    then: tuple[GoOn, ...] = (type_the_same, keep_live)
    before: Callable[[Stand], object] = lambda _: None
    around: Callable[[Stand], contextlib.AbstractContextManager[object]] = lambda _: contextlib.nullcontext()
    headers: tuple[tuple[str, str], ...] = ()
    since: str = ""

    def points(self, stand: Stand) -> list[str]:
        self.before(stand)
        found = self.run(stand).points(stand.project)
        return found[found.index(self.since) :] if self.since else found


def policy(**settings: str) -> dict[str, str]:
    loose = {"OBSERVE": "100ms", "TOO_FEW": "accept", "MAX_ERROR_RATE": "0.5", "MAX_P95_RATIO": str(ANY_P95)}
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


def kill_a_promote(point: str, **settings: str) -> Callable[[Stand], None]:
    return lambda stand: Run(("promote", stand.third()), policy(**settings)).killed(stand.project, point)


def bring_the_third_back(stand: Stand) -> None:
    stand.bring_back(stand.third())


FORWARD = {
    "a promote": Scenario(lambda stand: Run(("promote", stand.third())), Stand.third),
    "a forced promote that reloads Nginx": Scenario(
        lambda stand: Run(("promote", stand.third(), "--force", "--reason", "x")),
        aim=Stand.third,
        before=change_the_template,
        headers=(("Connection", "close"),),
    ),
    "a promote that undoes a killed one": Scenario(
        lambda stand: Run(("promote", stand.live())),
        aim=Stand.live,
        before=kill_a_promote("after:container.start#1"),
    ),
    "a promote of the standby": Scenario(lambda stand: Run(("promote", stand.standby())), Stand.standby),
}
WATCHED = {
    "a promote with a canary and an observation": Scenario(
        lambda stand: Run(("promote", stand.third()), CANARY),
        aim=Stand.third,
        then=(type_the_same, keep_live, take_back),
        around=canary_known,
    ),
}
_REFUSED = Scenario(
    lambda stand: Run(("promote", stand.third()), policy(MIN_REQUESTS="1000000", TOO_FEW="rollback"), 5),
    aim=Stand.live,
)
REFUSED = {
    "a promote that takes itself back": _REFUSED,
    "a promote that was refused, and a rollback": replace(
        _REFUSED, then=(take_back,), since="after:ledger.write:observed#1"
    ),
}
BACK = {
    "a warm rollback": Scenario(lambda _: ROLLBACK, Stand.standby),
    "a rollback to a stopped release": Scenario(
        lambda stand: Run(("rollback", stand.third())), aim=Stand.third
    ),
    "a rollback that takes back what a killed promote brought in": Scenario(
        lambda _: ROLLBACK,
        aim=Stand.live,
        before=kill_a_promote("after:ledger.sync:pointed#1", CANARY="[30]"),
        around=canary_known,
        since="after:link.make:live#1",
    ),
    "an observation that goes back": Scenario(
        lambda _: Run(("observe",), policy(MIN_REQUESTS="1000000", TOO_FEW="rollback"), 5),
        aim=Stand.standby,
        before=kill_a_promote("after:ledger.sync:observing#1"),
        since="after:ledger.write:observed#1",
    ),
    "the pruning behind a promote": Scenario(
        lambda stand: Run(("promote", stand.third())),
        aim=Stand.third,
        before=bring_the_third_back,
        around=retaining_one,
        since="after:ledger.sync:promoted#1",
    ),
}
FIRST = Scenario(
    lambda stand: Run(("promote", stand.tags[0])),
    aim=lambda stand: stand.tags[0],
    before=Stand.begin_anew,
    around=closed_to_others,
)
EVERY = {**FORWARD, **WATCHED, **REFUSED, **BACK, "a first promote": FIRST}


def kill_everywhere(stand: Stand, scenario: Scenario) -> None:
    """Kill a command at each of its points in turn, under load, and go on."""
    with scenario.around(stand):
        for number, point in enumerate(scenario.points(stand)):
            print(point)  # shown when it fails
            scenario.before(stand)
            with stand.loaded(**dict(scenario.headers)):
                _kill_and_go_on(stand, scenario, point, scenario.then[number % len(scenario.then)])


def _kill_and_go_on(stand: Stand, scenario: Scenario, point: str, go_on: GoOn) -> None:
    """Kill it, and let the next command put everything in order: the right release is live."""
    run, aim, before = scenario.run(stand), scenario.aim(stand), stand.snapshot
    run.killed(stand.project, point)
    expected = go_on(stand, Killed(run, aim, before, stand.snapshot))
    status = stand.project.json("status")
    assert status["live"]["tag"] == expected, f"{go_on.__name__} led to another release"
    assert_in_order(stand, status)
