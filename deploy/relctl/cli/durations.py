"""Format times and durations for people, and parse durations from options."""

from datetime import UTC, datetime

from relctl.errors import UsageError

_UNITS = (("d", 86_400), ("h", 3600), ("min", 60))
_FROM = 2  # units at least: 90 s is more precise than 1 min


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def span(seconds: float) -> str:
    """Format a duration in its largest fitting unit: 45 s, 5 min, 3 h, 12 d."""
    for unit, size in _UNITS:
        if seconds >= _FROM * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def ago(at: str, then: datetime) -> str:
    """Format how long before `then` an event was; "" if its time cannot be parsed."""
    from relctl.state.ledger import moment

    found = moment(at)
    if found is None:
        return ""
    seconds = (then - found).total_seconds()
    return f"{span(seconds)} ago" if seconds >= 0 else f"in {span(-seconds)}"  # the clock was set back


def to_the_second(at: str) -> str:
    """Shorten the time of an event to seconds; leave text that is not a time."""
    from relctl.state.ledger import moment

    found = moment(at)
    return found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if found else at


def seconds_of(option: str, text: str, least: float = 0.0) -> float:
    """Parse the duration of an option; raises UsageError."""
    from relctl.config.units import seconds

    try:
        found = seconds(text)
    except ValueError as error:
        raise UsageError(f"{option} {text}: {error}", f"for example {option} 10m") from None
    if found < least:
        raise UsageError(f"{option} {text}: at least {least:g} s", f"{option} {max(least, 1):g}s")
    return found
