"""Quantities in configuration files: `30s`, `1g`, `127.0.0.1:8080`."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_LONGEST = 36_500  # days; system clocks do not count much further
_FRAMING = ("connection", "content-length", "transfer-encoding")
_BYTES = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_WRITTEN = "write it like `300 requests or 30m`, or `healthy or 30m`"


def seconds(value: Any) -> float:
    """Parse `500ms`, `30s`, `5m`, `1h` or `30d` as seconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)", str(value))
    if match is None:
        raise ValueError("a duration needs its unit, like 500ms, 30s, 5m, 1h or 30d")
    found = float(match[1]) * _SECONDS[match[2]]
    if found > _LONGEST * _SECONDS["d"]:
        raise ValueError(f"a duration is at most {_LONGEST}d")
    return found


def size_in_bytes(value: Any) -> int:
    """Parse `512m` or `1g` as bytes (powers of 1024, as the engine does)."""
    match = re.fullmatch(r"(\d{1,15}(?:\.\d+)?)\s*([kmg]?)(?:i?b)?", str(value).lower())
    if match is None:
        raise ValueError("a size looks like 512m or 1g")
    return int(float(match[1]) * _BYTES[match[2]])


def network(value: Any) -> str:
    """Check an address or a network, like `10.0.0.1`, `10.0.0.0/8` or `::1`."""
    try:
        return str(ipaddress.ip_network(str(value)))
    except ValueError as error:
        raise ValueError(f"an address or a network, like 10.0.0.1 or 10.0.0.0/8: {error}") from None


def address(value: Any) -> str:
    """Check `host:port`, with a numeric host, so that no DNS lookup is needed."""
    match = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([\d.]+)|(localhost)):(\d{1,5})", str(value))
    if match is None or not 0 < int(match[4]) < 65536 or not (host := _host(*match.groups()[:3])):
        raise ValueError("an address looks like 127.0.0.1:8080 or [::1]:8080")
    return f"{host}:{int(match[4])}"


def _host(six: str | None, four: str | None, name: str | None) -> str:
    """Return the host in canonical spelling, "" if invalid."""
    try:
        return f"[{ipaddress.IPv6Address(six)}]" if six else name or str(ipaddress.IPv4Address(four or ""))
    except ValueError:
        return ""


def addresses(value: Any) -> tuple[str, ...]:
    """Check one or more `host:port`."""
    found = _each(address, value)
    if not found:
        raise ValueError("at least one address, like 127.0.0.1:8080")
    if len(set(found)) < len(found):
        raise ValueError("each address once")
    return found


def _url_path(value: Any) -> str:
    if not re.fullmatch(r"/[!-~]*", str(value)):
        raise ValueError("a path of a URL, like /metrics")
    return str(value)


def _each(check: Callable[[Any], str], value: Any) -> tuple[str, ...]:
    """Check one value or a list; also text with commas, so that a variable can hold several."""
    if not isinstance(value, list | tuple):
        return tuple(check(each) for each in _parts(str(value)))
    return tuple(_told(check, each) for each in value)


def _parts(text: str) -> list[str]:
    inside = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    return [part for each in inside.split(",") if (part := each.strip(" \"'"))]


def _told(check: Callable[[Any], str], value: Any) -> str:
    try:
        return check(value)
    except ValueError as error:
        raise ValueError(f"{error}, not {value!r}") from None


def headers(value: dict[str, str]) -> dict[str, str]:
    """Check that names and values are valid: one line of ASCII, and no header that frames the message."""
    for name, text in value.items():
        if re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name) is None:
            raise ValueError(f"{name!r} is not a header name, like X-Forwarded-Proto")
        if re.fullmatch(r"[\x20-\x7e]*", text) is None:
            raise ValueError(f"{name}: the value of a header is one line of ASCII")
        if name.lower() in _FRAMING:
            raise ValueError(f"{name}: a file cannot set it, because it frames the request")
    return value


Seconds = Annotated[float, BeforeValidator(seconds)]
SomeSeconds = Annotated[Seconds, Field(gt=0)]
Bytes = Annotated[int, BeforeValidator(size_in_bytes)]
Addresses = Annotated[tuple[str, ...], BeforeValidator(addresses)]
UrlPaths = Annotated[tuple[str, ...], BeforeValidator(partial(_each, _url_path))]
Networks = Annotated[tuple[str, ...], BeforeValidator(partial(_each, network))]
Headers = Annotated[dict[str, str], AfterValidator(headers)]


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
