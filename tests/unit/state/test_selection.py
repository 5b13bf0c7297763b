"""Which events somebody asks for, and when an event was."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import pytest

from relctl.state.event import Event
from relctl.state.ledger import moment, select

NOW = datetime(2026, 11, 25, 14, 0, tzinfo=UTC)


def event(name: str, hours_ago: float) -> Event:
    return Event(name, at=(NOW - timedelta(hours=hours_ago)).isoformat())


EVENTS = [event("built", 50), event("promoted", 30), event("aborted", 3), event("promoted", 1)]


@pytest.mark.parametrize(
    ("names", "hours", "last", "expected"),
    [
        ((), None, None, [0, 1, 2, 3]),
        ((), None, 2, [2, 3]),
        ((), 48, None, [1, 2, 3]),
        ((), 48, 1, [3]),
        (("promoted",), None, None, [1, 3]),
        (("promoted",), None, 1, [3]),
        (("promoted",), 2, 9, [3]),
        (("built", "aborted"), None, None, [0, 2]),
        (("promted",), None, None, []),
        ((), 0.5, None, []),
    ],
)
def test_events_are_chosen_by_name_and_age_and_the_last_of_those_are_kept(
    names: Collection[str], hours: float | None, last: int | None, expected: list[int]
) -> None:
    since = None if hours is None else NOW - timedelta(hours=hours)
    assert select(EVENTS, names, since, last) == [EVENTS[each] for each in expected]


def test_an_event_whose_time_a_hand_has_spoilt_is_kept_unless_age_is_asked_for() -> None:
    spoilt = Event("promoted", at="last Tuesday")
    assert select([spoilt]) == [spoilt]
    assert select([spoilt], since=NOW) == []


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-25T14:00:00.000Z", NOW),
        ("2026-11-25T15:00:00+01:00", NOW),
        ("2026-11-25T14:00:00", NOW),
        ("", None),
        ("yesterday", None),
    ],
)
def test_a_time_is_read_in_whatever_zone_it_says(at: str, expected: datetime | None) -> None:
    assert moment(at) == expected
