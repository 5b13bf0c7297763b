"""relctl's side: releases of the echo service, and promotes, canaries and rollbacks of them in a round."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from scratch import Scratch

CANARY = (5, 25)
# The steps are the environment's own, so Nginx knows them from the first promote on. What is watched is
# accepted: the clients judge here.
POLICY = {
    "CANARY": str(list(CANARY)),
    "OBSERVE": "500ms",
    "TOO_FEW": "accept",
    "MAX_ERROR_RATE": "0.9",
    "MAX_P95_RATIO": "99",
}
_AT_ONCE = ("--canary", "none", "--observe", "0s")


@dataclass(frozen=True)
class Switch:
    """One command: `act` does it and returns its own milliseconds if it tells; after it `release` answers.

    `moves` is how often it changes where requests go: a canary's steps count, and the whole after them.
    """

    release: str
    act: Callable[[], float | None]
    moves: int = 1


def proved_releases(project: Scratch, versions: tuple[str, ...]) -> list[str]:
    """Build and prove releases; each but the last is promoted, so that the next is compared with it."""
    project.environ |= {f"RELCTL_ROLLOUT_{key}": value for key, value in POLICY.items()}
    tags: list[str] = []
    for version in versions:
        print(f"building and verifying {version}", file=sys.stderr, flush=True)
        if tags:
            project.ok("promote", tags[-1], *_AT_ONCE)
        tags.append(project.proved(version))
    return tags


def moves(
    project: Scratch, tags: list[str], promotes: int, canaries: int, rollbacks: int
) -> Iterator[Switch]:
    """Promote to the next release, at once or by a canary, and after each roll back and forth, warm."""
    live, brought = project.json("status")["live"]["tag"], promotes + canaries
    for number in range(brought):
        standby, live = live, tags[(tags.index(live) + 1) % len(tags)]
        if _share(canaries, number, brought):
            yield _switch(project, live, len(CANARY) + 1, "promote", live)
        else:
            yield _switch(project, live, 1, "promote", live, *_AT_ONCE)
        for _ in range(_share(rollbacks, number, brought)):
            standby, live = live, standby
            yield _switch(project, live, 1, "rollback")


def _share(number: int, part: int, parts: int) -> int:
    """How many of `number` things are of this part, when they are dealt out evenly."""
    return (part + 1) * number // parts - part * number // parts


def _switch(project: Scratch, release: str, moves: int, *arguments: str) -> Switch:
    return Switch(release, lambda: float(project.json(*arguments)["switch_ms"]), moves)
