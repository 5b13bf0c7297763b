"""Watches a made-up environment as `relctl status --watch` does: `watched_status.py PAUSE [LOOK…]`.

The first look works; each LOOK says what a later one finds: `drift`, or `broken` when no engine answers.
When they are used up, the last one stays.
"""

import itertools
import sys
from datetime import UTC, datetime, timedelta

from relctl.cli.output import Speaker
from relctl.cli.status_watch import keep_watching
from relctl.errors import EngineError
from relctl.proxy.recent_traffic import PoolTraffic, Traffic
from relctl.rollout.failover import SlotStatus
from relctl.rollout.status import Status
from relctl.state.event import Event
from relctl.state.signals import Interrupted, end_by_signals

REASON = "wrong translations of prices since two o'clock, as the shop says; [ticket 17]"
arguments = [word for word in sys.argv[1:] if word != "--json"]
script = iter(arguments[1:])
numbers = itertools.count(1)
found = ""


def at(minutes: int) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(timespec="milliseconds")


def look() -> Status:
    global found
    number = next(numbers)
    found = next(script, found) if number > 1 else ""
    if found == "broken":
        raise EngineError("no Docker engine answers at unix:///var/run/docker.sock", "make setup")
    back = Event("rolled-back", "v1.0.0-b05173e", "", "blue", reason=REASON, at=at(3), by="ops@host1")
    first = Event("promoted", "v1.1.0-9cd2c28", "", "green", at=at(200), by="deploy@host1")
    pools = {
        "blue": PoolTraffic(12_345 + number, 7, 0.000567, 11.4, 24.2, 41.0),
        "green": PoolTraffic(99, 0, 0.0, 11.0, 23.0, 40.0),
    }
    return Status(
        service="translator",
        environment="production",
        url="http://127.0.0.1:8080",
        pointer="blue",
        live=SlotStatus("blue", "v1.0.0-b05173e", f"sha256:{'7' * 64}", "ready", "172.31.250.2:8000"),
        standby=SlotStatus("green", "v1.1.0-9cd2c28", f"sha256:{'d' * 64}", "not ready", "172.31.250.3:8000"),
        proxy="running",
        at_work="",
        watching="",
        standing_in=None,
        switched=back,
        traffic=Traffic(300.0, pools),
        drift=["the standby relctl-translator-production-green is stopped"] if found == "drift" else [],
        notices=[f"v1.0.0-b05173e was promoted by force, by ops@host1: look {number}"],
        observing=None,
        events=[first, back],
    )


end_by_signals()
try:
    keep_watching(look, float(arguments[0]), Speaker("--json" in sys.argv))
except Interrupted as interrupted:
    sys.exit(interrupted.exit_code)
