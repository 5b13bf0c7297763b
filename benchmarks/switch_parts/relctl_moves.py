"""relctl's side: releases of the echo service, and promotes, canaries and rollbacks of them in a round."""

import sys
from collections.abc import Iterator

from scratch import Scratch
from switch_parts.link import changes_of
from switch_parts.switch import Switch, Switched

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


_CONTRACTS = ("{port: 8000, idempotent: replay}", "{port: 9000, ready: /up, info: /about, keep_alive: 75s}")
_OTHER = {
    "port": 9000,
    "ready_path": "/up",
    "info_path": "/about",
    "headers": {"Set-Cookie": "x" * 8_000},
}


def proved_releases(project: Scratch, versions: tuple[str, ...], changing: bool = False) -> list[str]:
    """Build and prove releases; each but the last is promoted, so that the next is compared with it.

    `changing`: every other one answers on another port, at other paths, with headers of 8 KB.
    """
    project.environ |= {f"RELCTL_ROLLOUT_{key}": value for key, value in POLICY.items()}
    project.environ["RELCTL_RESOURCES_PIDS"] = "2048"  # a thread a connection, of old and new workers alike
    project.edit("versions.yaml", r"retain: \d+", f"retain: {len(versions) + 1}")  # each comes again
    tags: list[str] = []
    for number, version in enumerate(versions):
        other = changing and number % 2 == 1
        if changing:
            project.edit("versions.yaml", r"contract: \{[^}]*\}", f"contract: {_CONTRACTS[other]}")
        print(f"building and verifying {version}", file=sys.stderr, flush=True)
        if tags:
            project.ok("promote", tags[-1], *_AT_ONCE)
        tags.append(project.proved(version, **(_OTHER if other else {})))
    return tags


def moves(
    project: Scratch, tags: list[str], promotes: int, canaries: int, rollbacks: int
) -> Iterator[Switch]:
    """Promote to the next release, at once or by a canary, and after each roll back and forth, warm."""
    live, brought = project.json("status")["live"]["tag"], promotes + canaries
    for number in range(brought):
        standby, live = live, tags[(tags.index(live) + 1) % len(tags)]
        if share(canaries, number, brought):
            yield _switch(project, live, len(CANARY) + 1, "promote", live)
        else:
            yield _switch(project, live, 1, "promote", live, *_AT_ONCE)
        for _ in range(share(rollbacks, number, brought)):
            standby, live = live, standby
            yield _switch(project, live, 1, "rollback")


def share(number: int, part: int, parts: int) -> int:
    """Return how many of `number` things are of this part, when they are dealt out evenly."""
    return (part + 1) * number // parts - part * number // parts


def _switch(project: Scratch, release: str, moves: int, *arguments: str) -> Switch:
    """Either release may answer from the first move of the pointer to the last: one but for a canary."""

    def act() -> Switched:
        with changes_of(project.state / f"{project.service}-local" / "live") as changes:
            moved_ms = float(project.json(*arguments)["switch_ms"])
        assert len(changes) == moves, f"the pointer moved {len(changes)} times, not {moves}"
        return Switched(changes[0].before, changes[-1].after, moved_ms)

    return Switch(release, act, moves)
