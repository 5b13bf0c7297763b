"""Benches as tests of rollouts find them: who is live, who stands by, what is proved, and users who ask."""

import contextlib
from collections.abc import Iterator

from client_load import Load, failed
from hosts import Bench, bench
from relctl.rollout.promote import promote
from relctl.tag import Tag

# Times of what p95 was: a limit for tests that are not about latency, on a machine that may stall.
ANY_P95 = 1000.0
FIRST, SECOND, THIRD = (Tag(f"{number}.0.0", "abc12de") for number in (1, 2, 3))


@contextlib.contextmanager
def second_is_live() -> Iterator[Bench]:
    """1 stands by in blue, 2 is live in green, 3 is proved."""
    with bench() as made:
        for tag in (FIRST, SECOND):
            promote(made.host, made.proved(tag.version))
        made.proved(THIRD.version)
        yield made


@contextlib.contextmanager
def no_request_may_fail(stand: Bench) -> Iterator[None]:
    """Users ask all the time, before the block, in it, and after it."""
    load = Load(stand.listen, "/translate", {"text": "x"}, connections=2, pause=0.01).start()
    try:
        load.wait_for(5, within=60)
        yield
        load.wait_for(5, within=60)
    finally:  # else it asks on, in the process of all later tests
        samples = load.stop()
    assert failed(samples) == []
