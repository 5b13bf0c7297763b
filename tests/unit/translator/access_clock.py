"""A clock that stands still, because a quota is about time."""

import time

import pytest

NOON = 1_700_000_000.5  # 20.5 seconds into a minute, and not at the edge of anything


class Clock:
    """Stands still at `now`. The library `limits` asks time.time, and takes no other clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = NOON
        monkeypatch.setattr(time, "time", lambda: self.now)


class InterruptingClock(Clock):
    """Stands still too, and lets all other threads go ahead whenever one looks at it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def look() -> float:
            time.sleep(0.002)
            return self.now

        super().__init__(monkeypatch)
        monkeypatch.setattr(time, "time", look)
