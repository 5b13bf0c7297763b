"""Memory may not grow: not over all requests, not late, not in a step; and too few readings say nothing."""

import numpy
import pytest

from relctl.statistics.growth import Reading, conclude
from relctl.statistics.proportion import LEAST_SOAK

REQUESTS = 2_000
MEBIBYTE = 1024**2
EVERYWHERE = ("over all", "in the last third", "from beginning to end")


def readings(rise: float = 0.0, since: float = 0.0, number: int = 100, noise: float = 0.0) -> list[Reading]:
    """Readings that rise by so many MiB in 1,000 requests, from request `since` on."""
    draw = numpy.random.default_rng(1)
    places = [REQUESTS * (place + 1) / number for place in range(number)]
    return [
        (
            place,
            100 * MEBIBYTE
            + rise * MEBIBYTE * max(place - since, 0) / 1000
            + noise * MEBIBYTE * float(draw.normal()),
        )
        for place in places
    ]


@pytest.mark.parametrize(
    ("found", "where"),
    [
        (readings(), ()),
        (readings(-5), ()),
        (readings(0.99), ()),
        (readings(1.01), EVERYWHERE),
        (readings(noise=0.05), ()),
        (readings(1.3, noise=0.05), EVERYWHERE),
        (readings(500, since=1_650), ("in the last third", "from beginning to end")),
        (readings(400, since=1_900), ("from beginning to end",)),
        # A step near the end: an answer that keeps what it should not.
        ([(n, size + (50 * MEBIBYTE if n > 1_850 else 0)) for n, size in readings()], EVERYWHERE[2:]),
        # It warms up in the first fifth.
        ([(n, size + (80 * MEBIBYTE if n > 300 else 0)) for n, size in readings()], ()),
    ],
)
def test_growth_is_found_wherever_it_is(found: list[Reading], where: tuple[str, ...]) -> None:
    growth = conclude(found, REQUESTS, MEBIBYTE)
    assert [words.split(" requests ")[1].split(" (")[0] for words in growth.wrong] == list(where)
    assert set(growth.per_thousand) == set(EVERYWHERE)


def test_the_words_have_the_figure_and_the_limit() -> None:
    words = conclude(readings(1.02), REQUESTS, MEBIBYTE).wrong[0]
    assert words == "memory grows by 1.02 MiB per 1,000 requests over all (limit 1.00)"


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ([], "memory was read 0 times, 0 of them late; 10 and 5 are needed"),
        (readings(number=10), "memory was read 9 times, 4 of them late; 10 and 5 are needed"),
        (readings()[:40], "memory was read 21 times, 0 of them late; 10 and 5 are needed"),
        (readings()[:90], "memory was read only until request 1800 of 2000"),
        ([(REQUESTS, 1.0)] * 50, "memory was read 1 times, 1 of them late; 10 and 5 are needed"),
    ],
)
def test_too_few_readings_fail(found: list[Reading], words: str) -> None:
    growth = conclude(found, REQUESTS, MEBIBYTE)
    assert growth.wrong == (words,)
    assert growth.per_thousand == {}


@pytest.mark.parametrize(("requests", "enough"), [(LEAST_SOAK, True), (LEAST_SOAK - 1, False)])
def test_the_shortest_soak_is_the_one_that_a_reading_after_each_request_is_enough_for(
    requests: int, enough: bool
) -> None:
    found = conclude([(float(number), 1.0) for number in range(requests + 1)], requests, MEBIBYTE)
    assert (found.wrong == ()) is enough
