"""Send requests with bodies that the translator refuses through relctl's Nginx, and count the answers.

    python benchmarks/refused.py [--requests 10000] [--clients 8] [--largest 33554432]

413, 404, 405, 415, 401, 403, 429, 414 and 431 in turn, bodies of 1 KB to 32 MB, half of the clients on
connections that are kept. Every one must get its own status: a 502 or 504 means that Nginx lost the answer.
Nginx's log and the services' metrics must agree on the counts. The last line is one JSON object; the exit
code is 1 if not.
"""

import argparse
import contextlib
import json
import sys
import time
import urllib.request
from collections import Counter

from prometheus_client.parser import text_string_to_metric_families as parse

from machine import machine
from refused_parts.clients import Refused, spend
from refused_parts.front import Front, front
from refused_parts.kinds import KINDS, SETTINGS
from scratch import ROOT
from service_parts.models import Decoding
from service_parts.servers import service

_MODEL = ROOT / "service/models/zh-en-tiny/2026.11/ct2-int8"
_LEAST, _MOST = 1024, 32 * 1024**2
_STATE = ("/metrics", "/readyz", "/livez")


def counted(port: int) -> Counter[int]:
    """Return the answers of a service so far, by status, without requests for its state."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        families = list(parse(answer.read().decode()))
    found: Counter[int] = Counter()
    for sample in (each for family in families for each in family.samples):
        if sample.name == "translator_http_requests_total" and sample.labels["route"] not in _STATE:
            found[int(sample.labels["status"])] += int(sample.value)
    return found


def measure(requests: int, clients: int, largest: int) -> dict[str, object]:
    """Start the services and Nginx, send, and count."""
    with contextlib.ExitStack() as stack:
        decoding = Decoding(beam_size=4, max_length=128)
        slots = [
            stack.enter_context(service(ROOT / "service", _MODEL, decoding, **SETTINGS)).port
            for _ in range(2)
        ]
        for port in slots:
            spend(port)
        before = sum(map(counted, slots), Counter[int]())
        nginx = stack.enter_context(front(*slots))
        began = time.monotonic()
        sent = Refused(KINDS, requests, _LEAST, largest).send(nginx.port, clients)
        seconds = time.monotonic() - began
        after = sum(map(counted, slots), Counter[int]())
        return figures(sent, nginx, after - before) | {"seconds": round(seconds, 1)}


def figures(sent: Refused, nginx: Front, services: Counter[int]) -> dict[str, object]:
    """Sum up a run."""
    lost = sum(outcome.got in ("502", "504") for outcome in sent.outcomes)
    return {
        "requests": len(sent.outcomes),
        "megabytes": sum(outcome.size for outcome in sent.outcomes) // 10**6,
        "wrong": dict(sent.wrong()),
        "lost": lost,
        "by_nginx": dict(sorted(nginx.statuses(len(sent.outcomes)).items())),
        "by_services": dict(sorted(services.items())),
    }


def main() -> int:
    """Measure and print the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--largest", type=int, default=_MOST)
    options = parser.parse_args()
    found = measure(options.requests, options.clients, options.largest)
    print(json.dumps({"benchmark": "refused", **found, "machine": machine()}, ensure_ascii=False))
    return 0 if not found["wrong"] and found["by_nginx"] == found["by_services"] else 1


if __name__ == "__main__":
    sys.exit(main())
