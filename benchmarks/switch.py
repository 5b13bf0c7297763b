"""Switch traffic under load by relctl's pointer and, beside it, by reloads of Nginx, HAProxy and Caddy.

    python benchmarks/switch.py [--promotes 60] [--canaries 60] [--rollbacks 760] [--requests 1000000]
                                [--rounds 10] [--connections 64] [--rate 3000] [--rivals nginx,haproxy,caddy]
                                [--changing] [--long 8] [--long-seconds 60]

Releases of the echo service in two slots, so that the proxy is the bottleneck; keep-alive POSTs without
client retries. A request has failed if it gets no 200 with a release in it. It is stale if the release that
answers was not live at any time during the request: the old one is until the switch, the new one from its
effect on, both in between (`either_s` in all). relctl's switch is the move of the pointer, seen
from beside it to a millisecond, or all moves of a canary (5 %, 25 %, all). Of a reload it is the time until
only the new configuration takes connections, as the proxy itself shows. The ways take turns, a round each: as
many moves, and at least as many requests. It takes an hour. With `--changing`, every other release has
another contract, port and size of headers; `--long` clients stream for up to `--long-seconds` meanwhile, and
a promote waits for those that run in the slot that it needs. The last line is one JSON object; the exit code
is 1 when a request of relctl's failed or was stale, or a limit was missed.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from machine import machine
from scratch import Scratch, echo_project
from switch_parts.counted import Counted, Span
from switch_parts.crowd import Crowd
from switch_parts.long_requests import LongRequests
from switch_parts.relctl_moves import CANARY, moves, proved_releases, share
from switch_parts.rivals import RIVALS, Rival, program
from switch_parts.switch import Switch, Switched

POINTER_LIMIT_MS = 1.0
_MOVES_OF_CANARY = len(CANARY) + 1


@dataclass
class Tally:
    """The effect of one way of switching on the requests."""

    moves: int = 0
    seconds: float = 0.0
    either: float = 0.0  # seconds within which either release might answer
    counted: Counted = field(default_factory=Counted)
    moved_ms: list[float] = field(default_factory=list)

    def add(self, switch: Switch, switched: Switched) -> None:
        """Count a switch."""
        self.moves += switch.moves
        self.either += switched.until - switched.since
        self.moved_ms += [switched.moved_ms] if switched.moved_ms is not None else []

    def result(self) -> dict[str, Any]:
        """Return the tally as JSON."""
        found = {
            "moves": self.moves,
            "requests": self.counted.requests,
            "failed": self.counted.failed,
            "stale": self.counted.stale,
            "errors": dict(self.counted.errors.most_common()),
            "seconds": round(self.seconds, 1),
            "either_s": round(self.either, 3),
        }
        if self.moved_ms:
            found["move_ms"] = {
                "median": round(statistics.median(self.moved_ms), 3),
                "max": round(max(self.moved_ms), 3),
            }
        return found


def round_of(
    port: int, load: argparse.Namespace, live: str, switches: Iterator[Switch], tally: Tally
) -> None:
    """Run switches under load and count; send each move's share of the requests between two moves."""
    each = -(-load.requests // (load.moves or 1))
    began = time.monotonic()
    spans = [Span(began, frozenset([live]))]
    with Crowd(port, load.connections, load.rate) as crowd:
        crowd.wait_for(load.connections, within=60)
        for switch in switches:
            switched = switch.act()
            spans.append(Span(switched.since, frozenset([live, switch.release])))
            live = switch.release
            spans.append(Span(switched.until, frozenset([live])))
            tally.add(switch, switched)
            crowd.wait_for(each * switch.moves, within=60 + 20 * each * switch.moves / load.rate)
        tally.counted.add(crowd.stop(spans))
    tally.seconds += time.monotonic() - began


def slots(project: Scratch) -> dict[str, str]:
    """Return the address of each running release, live first."""
    found = project.json("status")
    return {found[role]["tag"]: found[role]["address"] for role in ("live", "standby")}


def measure(project: Scratch, options: argparse.Namespace) -> dict[str, Any]:
    """Run the rounds, every way in turn."""
    versions = ("1.0.0", "1.1.0", "1.2.0", "1.3.0") if options.changing else ("1.0.0", "1.1.0", "1.2.0")
    tags = proved_releases(project, versions, options.changing)
    tallies = {name: Tally() for name in ("relctl", *options.rivals)}
    port = int(project.listen.rpartition(":")[2])
    with LongRequests(port, options.long, options.long_seconds) as long:
        for number in range(options.rounds):
            one_round(project, options, tags, number, tallies)
            said = "; ".join(f"{name} {_words(tally)}" for name, tally in tallies.items())
            print(f"round {number + 1} of {options.rounds}: {said}", file=sys.stderr, flush=True)
    found = {name: tally.result() for name, tally in tallies.items()}
    return found | ({"long_requests": long.result()} if options.long else {})


def one_round(
    project: Scratch, options: argparse.Namespace, tags: list[str], number: int, tallies: dict[str, Tally]
) -> None:
    """Run one round of relctl, then one of each rival between the two running releases."""
    kinds = (
        share(each, number, options.rounds)
        for each in (options.promotes, options.canaries, options.rollbacks)
    )
    live, port = project.json("status")["live"]["tag"], int(project.listen.rpartition(":")[2])
    round_of(port, options, live, moves(project, tags, *kinds), tallies["relctl"])
    running = slots(project)
    first = next(iter(running))
    for name in options.rivals:
        rival: Rival = RIVALS[name](project.state / f"{name}-{number}", running)
        with rival.running(first):
            switches = rival.switches(first, share(options.moves, number, options.rounds))
            round_of(rival.port, options, first, switches, tallies[name])


def _words(tally: Tally) -> str:
    found = tally.counted
    return f"{tally.moves} moves, {found.requests} requests, {found.failed} failed, {found.stale} stale"


def parse() -> argparse.Namespace:
    """Read the options; `moves` is the total."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--promotes", type=int, default=60)
    parser.add_argument("--canaries", type=int, default=60)
    parser.add_argument("--rollbacks", type=int, default=760)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--rate", type=float, default=3_000.0)
    parser.add_argument("--rivals", default=",".join(RIVALS))
    parser.add_argument("--changing", action="store_true")
    parser.add_argument("--long", type=int, default=0)
    parser.add_argument("--long-seconds", type=float, default=60.0)
    options = parser.parse_args()
    options.rivals = [name for name in options.rivals.split(",") if name]
    unknown = set(options.rivals) - set(RIVALS)
    if unknown:
        parser.error(f"--rivals: {', '.join(sorted(unknown))} is not one of {', '.join(RIVALS)}")
    for name in options.rivals:
        program(name)
    options.moves = options.promotes + _MOVES_OF_CANARY * options.canaries + options.rollbacks
    return options


def main() -> int:
    """Measure and print the result."""
    options = parse()
    with echo_project() as project:
        found = measure(project, options)
    load = {
        name: getattr(options, name) for name in ("promotes", "canaries", "rollbacks", "connections", "rate")
    }
    result = {"benchmark": "switch", **load, **found, "move_limit_ms": POINTER_LIMIT_MS, "machine": machine()}
    print(json.dumps(result, ensure_ascii=False))
    ours = result["relctl"]
    broken = result.get("long_requests", {}).get("broken", 0)
    kept = ours["failed"] == ours["stale"] == broken == 0 and ours["move_ms"]["median"] <= POINTER_LIMIT_MS
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
