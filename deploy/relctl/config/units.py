"""Quantities as people write them: `30s`, `1g`, `127.0.0.1:8080`."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_LONGEST = 36_500  # days; no clock of the system counts much further
_BYTES = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}


def seconds(value: Any) -> float:
    """Read `500ms`, `30s`, `5m`, `1h` or `30d` as seconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)", str(value))
    if match is None:
        raise ValueError("a duration needs its unit, like 500ms, 30s, 5m, 1h or 30d")
    found = float(match[1]) * _SECONDS[match[2]]
    if found > _LONGEST * _SECONDS["d"]:
        raise ValueError(f"a duration is at most {_LONGEST}d")
    return found


def size_in_bytes(value: Any) -> int:
    """Read `512m` or `1g` as bytes (powers of 1024, as the engine does)."""
    match = re.fullmatch(r"(\d{1,15}(?:\.\d+)?)\s*([kmg]?)b?", str(value).lower())
    if match is None:
        raise ValueError("a size looks like 512m or 1g")
    return int(float(match[1]) * _BYTES[match[2]])


def address(value: Any) -> str:
    """Check `host:port`, with a numeric host so that no name has to be looked up."""
    match = re.fullmatch(r"(\[[0-9a-fA-F:]+\]|\d{1,3}(?:\.\d{1,3}){3}|localhost):(\d{1,5})", str(value))
    if match is None or not 0 < int(match[2]) < 65536:
        raise ValueError("an address looks like 127.0.0.1:8080")
    return str(value)


Seconds = Annotated[float, BeforeValidator(seconds)]
SomeSeconds = Annotated[Seconds, Field(gt=0)]
Bytes = Annotated[int, BeforeValidator(size_in_bytes)]
Address = Annotated[str, BeforeValidator(address)]
