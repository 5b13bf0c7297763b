"""The end of an observation window: `300 requests or 30m`, `healthy or 30m`."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator

from relctl.config.units import seconds

_WRITTEN = "write it like `300 requests or 30m`, or `healthy or 30m`"


@dataclass(frozen=True)
class Until:
    """A window ends once the release is shown `healthy`, after `requests`, or after `seconds`.

    The first of them applies; with `requests` 0 or `healthy` false that condition is unused.
    """

    seconds: float
    requests: int = 0
    healthy: bool = False


def until(value: Any) -> Until:
    """Parse a window's end; raises ValueError without a time, because a quiet night would never end."""
    if isinstance(value, Until):
        return value
    times, requests, healthy = list[float](), list[int](), False
    for part in re.split(r"\s+or\s+", str(value).strip()):
        count = re.fullmatch(r"([1-9]\d{0,8}) requests?", part)
        if count:
            requests.append(int(count[1]))
        elif part == "healthy":
            healthy = True
        else:
            times.append(_time(part))
    if len(times) != 1 or len(requests) > 1 or not times[0]:
        raise ValueError(f"it needs exactly one time, after which it ends in any case: {_WRITTEN}")
    return Until(times[0], next(iter(requests), 0), healthy)


def _time(part: str) -> float:
    try:
        return seconds(part)
    except ValueError as error:
        raise ValueError(f"{part!r}: {error}; {_WRITTEN}") from None


SomeUntil = Annotated[Until, BeforeValidator(until)]
