"""Counts requests in memory for the library `limits`, in a bounded number of counters."""

import time
from math import floor

from cachetools import LRUCache
from limits.storage import SlidingWindowCounterSupport, Storage
from limits.storage.base import TimestampedSlidingWindow

# Two for each caller and limit. 65,536 with names of 50 characters take 17 MB.
CAPACITY = 65_536


class Counters(Storage, SlidingWindowCounterSupport, TimestampedSlidingWindow):
    """Forgets the counters that were not used for the longest time, so that callers cannot fill the memory.

    The library's own MemoryStorage has no bound, and starts a thread after hits that walks over all of its
    counters. One thread at a time may use this one: Quota has a lock, because it asks and then counts.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        super().__init__()
        self._counts: LRUCache[str, int] = LRUCache(capacity)

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        return ()

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        now = time.time()
        previous, share, current, _ = self._window(key, expiry, now)
        if floor(previous * share / expiry + current) + amount > limit:
            return False
        self.incr(self.sliding_window_keys(key, expiry, now)[1], expiry, amount)
        return True

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        return self._window(key, expiry, time.time())

    def _window(self, key: str, expiry: int, now: float) -> tuple[int, float, int, float]:
        # The window of `expiry` seconds that ends now reaches `left` seconds into the previous fixed one.
        previous, current = self.sliding_window_keys(key, expiry, now)
        left = expiry - now % expiry
        return self.get(previous), left, self.get(current), left + expiry

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        for each in self.sliding_window_keys(key, expiry, time.time()):
            self.clear(each)

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:  # noqa: ARG002  # keys bear their window
        self._counts[key] = self.get(key) + amount
        return self.get(key)

    def get(self, key: str) -> int:
        return self._counts.get(key, 0)

    def get_expiry(self, key: str) -> float:
        raise NotImplementedError("a counter goes when others need its room, not at a time")

    def clear(self, key: str) -> None:
        self._counts.pop(key, None)

    def reset(self) -> int:
        cleared = len(self._counts)
        self._counts.clear()
        return cleared

    def check(self) -> bool:
        return True
