"""What is typed after a command was killed, and which release must be live then."""

from collections.abc import Callable
from dataclasses import dataclass

from integration.killed_stand import Stand
from killing import Run
from relctl.rollout.snapshot import Snapshot
from relctl.state.history import ENDED

ROLLBACK = Run(("rollback",))


@dataclass(frozen=True)
class Killed:
    """A command that was killed: how it stood before and after that, and what it was to make live."""

    run: Run
    aim: str
    before: Snapshot
    after: Snapshot

    @property
    def live(self) -> str:
        return self.after.live_tag

    @property
    def standby(self) -> str:
        return self.after.tag(self.after.idle)

    @property
    def written(self) -> list[str]:
        """The events that it has written."""
        return [event.event for event in self.after.events[len(self.before.events) :]]

    @property
    def told(self) -> bool:
        """Whether the ledger tells how it ended: then a rollback is another one, and goes on from there."""
        return any(name in ENDED for name in self.written)

    @property
    def had_traffic(self) -> bool:
        """Whether it has given any traffic to a release, even if it took it back."""
        return self.before.pointer != self.after.pointer or "pointed" in self.written


def type_the_same(stand: Stand, killed: Killed) -> str:
    done = stand.project.run(*killed.run.arguments, **killed.run.environ)
    assert done.returncode in (0, killed.run.code), done.stderr
    if done.returncode != killed.run.code:
        return killed.live  # the move was finished as it stood
    return killed.standby if killed.told and killed.run == ROLLBACK else killed.aim


def keep_live(stand: Stand, killed: Killed) -> str:
    stand.project.ok("promote", killed.live)
    return killed.live


def take_back(stand: Stand, killed: Killed) -> str:
    """A promote that had traffic is taken back, and no more than that."""
    stand.project.ok("rollback")
    if killed.told:
        return killed.standby
    before = killed.before
    return before.live_tag if killed.had_traffic else before.tag(before.idle)


GoOn = Callable[[Stand, Killed], str]
