"""Run a program of this package in a process of its own, with JSON in and JSON out."""

import json
import os
import subprocess
import sys
from typing import Any

from scratch import ROOT

QUIET = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "PYTHONWARNINGS": "ignore",
}
"""Variables with which transformers loads what is there, and does not talk about it."""


class ProgramError(RuntimeError):
    """A program failed; it has said why on standard error."""


def run(name: str, job: dict[str, Any]) -> Any:
    """Return what `python -m service_parts.NAME` answers to `job`; raises ProgramError when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", f"service_parts.{name}"],
        cwd=ROOT / "benchmarks",
        env=os.environ | QUIET,
        input=json.dumps(job),
        stdout=subprocess.PIPE,
        check=False,
        text=True,
    )
    if done.returncode:
        raise ProgramError(f"service_parts.{name} failed; is this project's extra `reference` installed?")
    return json.loads(done.stdout)
