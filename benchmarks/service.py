"""Measure the translation service beside a common first version of it, on the same cores, in turns.

    python benchmarks/service.py [--quick] [--only NAME[,NAME…]] [--markdown FILE] [--service FOLDER]

The sections and their targets are modules of service_parts: throughput, batching, ceiling,
footprint, quality, overload, soak, curve. The baseline is baseline_app.py. Both search alike, the service's
cache is off, and no two waiting texts are equal. Needs the extras `dev` and `reference`. The last
line is one JSON object; the exit code is 1 if a target was missed.
"""

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from machine import machine
from scratch import ROOT
from service_parts import batching, ceiling, curve, footprint, overload, quality, soak, throughput
from service_parts.bench import Bench, say
from service_parts.effort import FULL, QUICK
from service_parts.figures import Section
from service_parts.programs import ProgramError
from service_parts.servers import StartError

SECTIONS: dict[str, Callable[[Bench], Section]] = {
    "throughput": throughput.measure,
    "batching": batching.measure,
    "ceiling": ceiling.measure,
    "footprint": footprint.measure,
    "quality": quality.measure,
    "overload": overload.measure,
    "soak": soak.measure,
    "curve": curve.measure,
}
_STOPPING = (signal.SIGINT, signal.SIGTERM)
LIBRARIES = ("ctranslate2", "flask", "sacrebleu", "sentencepiece", "torch", "transformers", "uvicorn")


def main() -> int:
    """Measure and print; end the servers in any case."""
    options = _options()
    for number in _STOPPING:
        signal.signal(number, _stop)
    try:
        return _measure(options)
    except (StartError, ProgramError) as error:
        say(f"service.py: {error}")
        return 2


def _stop(number: int, _frame: object) -> None:
    for other in _STOPPING:
        signal.signal(other, signal.SIG_IGN)  # nothing may interrupt the ending of servers
    say(f"stopped by {signal.Signals(number).name}")
    sys.exit(128 + number)


def _measure(options: Any) -> int:
    bench = Bench(QUICK if options.quick else FULL, options.service)
    began = time.monotonic()
    sections = {name: SECTIONS[name](bench) for name in options.only}
    if options.markdown and "curve" in sections:
        options.markdown.write_text(curve.markdown(sections["curve"]), encoding="utf-8")
    reached = all(section.reached for section in sections.values())
    result = {
        "benchmark": "service",
        "quick": options.quick,
        "reached": reached,
        **{name: section.json() for name, section in sections.items()},
        "seconds": round(time.monotonic() - began),
        "versions": _versions(),
        "machine": machine(),
    }
    _tell_missed(sections)
    print(json.dumps(result, ensure_ascii=False))
    return 0 if reached else 1


def _versions() -> dict[str, str]:
    installed = {name: list(distributions(name=name)) for name in LIBRARIES}
    return {name: found[0].version for name, found in installed.items() if found}


def _options() -> Any:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="less of everything: some minutes")
    parser.add_argument("--only", type=_names, default=list(SECTIONS), help="sections, with commas between")
    parser.add_argument("--markdown", type=Path, help="write the curve's tables to this file")
    parser.add_argument("--service", type=Path, default=ROOT / "service", help="the code to measure")
    return parser.parse_args()


def _names(text: str) -> list[str]:
    names = text.split(",")
    unknown = [name for name in names if name not in SECTIONS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(SECTIONS)}")
    return names


def _tell_missed(sections: dict[str, Section]) -> None:
    for name, section in sections.items():
        for figure, found in section.figures.items():
            if not found.reached:
                say(f"missed: {name}.{figure}: {found.value:.4g}, target {found.sign} {found.limit:.4g}")


if __name__ == "__main__":
    sys.exit(main())
