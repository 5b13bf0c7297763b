"""Count the requests of each caller, in bounded memory, and say when there have been too many."""

import re
import threading
import time
from dataclasses import dataclass
from math import floor
from typing import Self

from cachetools import LRUCache
from limits import RateLimitItem, parse_many
from limits.storage import SlidingWindowCounterSupport, Storage
from limits.storage.base import TimestampedSlidingWindow
from limits.strategies import SlidingWindowCounterRateLimiter

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


# RFC 9651, section 3.3.1: an Integer of a header has at most 15 digits.
_LARGEST = 10**15
_LONGEST_DAYS = 366
_LONGEST = _LONGEST_DAYS * 24 * 60 * 60  # seconds
# The library takes `60/0 minutes` for `60/minute`.
_NO_TIME = re.compile(r"(?:/|per)\s*0+(?![0-9])", re.IGNORECASE)


@dataclass(frozen=True)
class Standing:
    """What a caller has left: the values of RateLimit-Policy and RateLimit.

    `refusal` says in words which limit is used up, or is None; `retry_after` is when there is room again,
    in whole seconds.
    """

    policy: str
    left: str
    refusal: str | None
    retry_after: int


class Quota:
    """One or more limits, each for every caller by itself; safe to ask from many threads.

    A sliding window, approximated by two counters a caller: a fixed window lets twice the limit through
    around its end, and a log of all requests (a moving window) grows with the limit.
    """

    def __init__(self, limits: tuple[RateLimitItem, ...]) -> None:
        self._limits = limits
        self._limiter = SlidingWindowCounterRateLimiter(Counters())
        self._lock = threading.Lock()
        # The draft wants a name for each policy; nothing else distinguishes them but their windows.
        names = ["default"] if len(limits) == 1 else [f"{each.get_expiry()}s" for each in limits]
        self._named = tuple(zip(names, limits, strict=True))
        self._policy = ", ".join(
            f'"{name}";q={each.amount};w={each.get_expiry()}' for name, each in self._named
        )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `60/minute;1000/day`; raises ValueError with a sentence about RATE_LIMIT."""
        try:
            limits = tuple(sorted(parse_many(text), key=RateLimitItem.get_expiry))
        except ValueError:
            raise ValueError(
                f"RATE_LIMIT is {text!r}; it must look like 60/minute or like 10/second;1000/day"
            ) from None
        fault = _fault(text, limits)
        if fault:
            raise ValueError(f"RATE_LIMIT is {text!r}; {fault}")
        return cls(limits)

    def take(self, caller: str) -> Standing:
        """Count one request of `caller`, or refuse it and count nothing."""
        with self._lock:
            used_up = [each for each in self._limits if not self._limiter.test(each, caller)]
            if not used_up:
                for each in self._limits:
                    self._limiter.hit(each, caller)
            return self._standing(caller, used_up)

    def _standing(self, caller: str, used_up: list[RateLimitItem]) -> Standing:
        left = ", ".join(
            f'"{name}";r={self._remaining(each, caller)};t={self._wait(each, caller)}'
            for name, each in self._named
        )
        retry_after = max((self._wait(each, caller) for each in used_up), default=0)
        refusal = _words(used_up[-1], retry_after) if used_up else None
        return Standing(self._policy, left, refusal, retry_after)

    def _remaining(self, limit: RateLimitItem, caller: str) -> int:
        return self._limiter.get_window_stats(limit, caller).remaining

    def _wait(self, limit: RateLimitItem, caller: str) -> int:
        # Past the moment, not at it: who comes back to the second must find room.
        return int(max(0, self._limiter.get_window_stats(limit, caller).reset_time - time.time())) + 1


def _fault(text: str, limits: tuple[RateLimitItem, ...]) -> str | None:
    if not all(0 < each.amount < _LARGEST for each in limits):
        return f"a limit must be at least 1, and below {_LARGEST:,}"
    if _NO_TIME.search(text) or not all(each.get_expiry() <= _LONGEST for each in limits):
        return f"its time must be 1 second at least and {_LONGEST_DAYS} days at most"
    if len({each.get_expiry() for each in limits}) < len(limits):
        return "it has two limits for the same time"
    return None


def _words(limit: RateLimitItem, retry_after: int) -> str:
    unit = limit.GRANULARITY.name
    window = unit if limit.multiples == 1 else f"{limit.multiples} {unit}s"
    requests = f"{limit.amount:,} {'request' if limit.amount == 1 else 'requests'}"
    seconds = f"{retry_after:,} {'second' if retry_after == 1 else 'seconds'}"
    return f"The limit of {requests} per {window} is used up; try again in {seconds}."
