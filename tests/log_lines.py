"""Lines of the access log as Nginx writes them, for tests that have none running."""

import json
from pathlib import Path


def line(at: float, **members: object) -> bytes:
    """One line of a request that ended `at` so many seconds since 1970."""
    usual = {
        "at": "2026-11-20T10:59:38+00:00",
        "msec": at,
        "pool": "blue",
        "uri": "/translate",
        "status": 200,
        "request_time": 0.003,
        "upstream": "10.0.0.2:8000",
    }
    return json.dumps(usual | members).encode() + b"\n"


def add(path: Path, *times: float) -> None:
    """Write so many lines to the end of a log."""
    with path.open("ab") as file:
        file.writelines(line(at) for at in times)
