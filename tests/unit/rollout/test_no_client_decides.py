"""How much one client may say: not enough to take a release back, or to have one accepted; many may."""

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest

from relctl.config.environment import Rollout
from relctl.observation.figures import Figures
from relctl.observation.judge import ANY, LAST, Compared, compare_after, compare_beside, judge
from relctl.observation.tally import Tally, gateway, loudest, mark, weights
from relctl.observation.window import Window
from relctl.proxy.access_log_line import Request, client_of
from relctl.rollout.watching import baseline
from relctl.state.ledger import LedgerContent

POLICY = Rollout()
MANY = [f"192.0.2.{number}" for number in range(1, 41)]
EVE = "198.51.100.7"


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::9", "2001:db8:1:2::"),
        ("unix:", ""),
        ("", ""),
        ("192.0.2.1, 192.0.2.2", ""),
    ],
)
def test_a_client_is_an_address_or_the_network_that_one_customer_has(address: str, client: str) -> None:
    assert client_of(address) == client


@pytest.mark.parametrize(
    ("requests", "expected"),
    [
        ({}, ""),
        ({"a": 1}, "a"),
        ({"a": 50, "b": 50}, ""),
        ({"a": 51, "b": 49}, "a"),
        ({"a": 51, "": 60}, ""),
        ({"": 60}, ""),
    ],
)
def test_a_gateway_has_more_than_half(requests: dict[str, int], expected: str) -> None:
    assert gateway(requests) == mark(expected)


def test_no_client_counts_for_more_than_a_fifth_but_for_a_gateway() -> None:
    requests = {"eve": 900.0, **dict.fromkeys(MANY, 10.0)}
    found = weights(requests, "")
    assert set(found) == {"eve"}
    assert found["eve"] * 900 == pytest.approx((400 + found["eve"] * 900) / 5)
    assert weights(requests, mark("eve")) == {}
    two = weights({"eve": 900.0, "bob": 800.0, **dict.fromkeys(MANY, 10.0)}, "")
    assert two["eve"] * 900 == pytest.approx(two["bob"] * 800) == pytest.approx(400 / 3)


@pytest.mark.parametrize("sizes", [[5], [5_000, 5], [3, 3_000, 4_000]])
def test_few_clients_have_all_of_it_between_them(sizes: list[float]) -> None:
    assert weights({str(number): size for number, size in enumerate(sizes)}, "") == {}


def test_unknown_clients_are_one_each() -> None:
    assert weights({"": 1_000.0, "a": 9.0}, "") == {}
    assert loudest({"": 50.0, "a": 1.0}, "") == "a"
    assert loudest({"": 50.0}, "") == ""


@cache
def traffic(
    seed: int, seconds: int, slot: str = "blue", fails: float = 0.0, client: str = "", ms: int = 20
) -> tuple[Request, ...]:
    """Twenty requests a second of many clients, or of one."""
    chance, found = random.Random(seed), list[Request]()
    for number in range(20 * seconds):
        took = round(ms * 2.718 ** chance.gauss(0, 0.2))
        status = 500 if chance.random() < fails else 200
        asking = client or chance.choice(MANY)
        found.append(Request(number / 20, slot, "/", status, took, True, False, asking, took))
    return tuple(found)


def aborts(client: str, every: float, seconds: int, waited: int, slot: str = "green") -> Iterator[Request]:
    """One client that goes away before the answer, time after time."""
    for number in range(int(seconds / every)):
        yield Request(number * every, slot, "/", 499, waited, True, False, client, waited)


@cache
def before(*requests: tuple[Request, ...]) -> Figures:
    logged = sorted((each for part in requests for each in part), key=lambda each: each.ended)
    events = LedgerContent([])
    host: Any = SimpleNamespace(ledger=SimpleNamespace(salvage=lambda: events), logged=lambda *_: logged)
    found = baseline(host, Window("v2", "id-v2", "green", "blue", 1_000.0, 300.0))
    assert found is not None
    return found


def after(known: Figures | None, *requests: Iterable[Request]) -> Compared:
    tally = Tally()
    for part in requests:
        tally.add(part)
    return compare_after(tally, "green", known, POLICY)


def beside(*requests: Iterable[Request], known: Figures | None = None) -> Compared:
    tally = Tally()
    for part in requests:
        tally.add(part)
    return compare_beside(tally, "green", "blue", POLICY, known)


def verdicts(found: Compared) -> set[str]:
    return {judge(POLICY, found, look).verdict for look in (ANY, LAST)}


@pytest.mark.parametrize("client", [EVE, MANY[0], ""])
@pytest.mark.parametrize("waited", [0, 1, 5, 20])
def test_who_goes_away_at_once_says_nothing_about_a_release(client: str, waited: int) -> None:
    found = after(before(traffic(1, 300)), traffic(2, 300, "green"), aborts(client, 1.0, 300, waited))
    assert "unhealthy" not in verdicts(found)
    assert (found.release.failed, found.release.gone) == (0, 300)
    assert judge(POLICY, found, LAST).verdict == "healthy"


def test_one_client_that_goes_away_after_a_long_wait_does_not_take_a_release_back() -> None:
    found = after(before(traffic(1, 300)), traffic(2, 300, "green"), aborts(EVE, 1.0, 300, 900))
    assert verdicts(found) == {"healthy"}
    assert (found.release.failed, found.release.silenced) == (1, 299)
    assert "(and 299 more of one client)" in judge(POLICY, found, LAST).reasons[0]


def test_a_release_that_hangs_makes_many_go_away_and_is_taken_back() -> None:
    hung = [list(aborts(each, 60.0, 300, 2_000)) for each in MANY]
    assert verdicts(after(before(traffic(1, 300)), *hung)) == {"unhealthy"}
    assert verdicts(beside(traffic(1, 300), *hung)) == {"unhealthy"}


def test_that_is_so_where_a_policy_lets_p95_be_what_it_likes() -> None:
    policy, tally = POLICY.model_copy(update={"max_p95_ratio": 1_000.0}), Tally()
    for each in MANY:
        tally.add(aborts(each, 60.0, 300, 2_000))
    found = compare_after(tally, "green", before(traffic(1, 300)), policy)
    assert judge(policy, found, ANY).verdict == "unhealthy"


def test_who_goes_away_as_late_from_both_says_nothing() -> None:
    impatient = [aborts(each, 60.0, 300, 2_000, "blue") for each in MANY]
    same = [aborts(each, 60.0, 300, 2_000) for each in MANY]
    found = beside(traffic(1, 300), traffic(2, 300, "green"), *impatient, *same)
    assert "unhealthy" not in verdicts(found)


def test_one_client_whose_requests_fail_does_not_take_a_release_back() -> None:
    poison = traffic(3, 300, "green", fails=1.0, client=EVE)
    assert "unhealthy" not in verdicts(after(before(traffic(1, 300)), traffic(2, 300, "green"), poison))


def test_one_client_that_was_there_before_cannot_either() -> None:
    known = before(traffic(1, 300), traffic(4, 60, client=EVE))
    poison = traffic(3, 300, "green", fails=1.0, client=EVE)
    assert "unhealthy" not in verdicts(after(known, traffic(2, 300, "green"), poison))


def test_one_client_that_chooses_the_canary_by_its_key_cannot_either() -> None:
    """It is most of what the canary gets, and nothing of what is beside it."""
    poison = traffic(3, 300, "green", fails=1.0, client=EVE)
    few = traffic(2, 20, "green")
    assert "unhealthy" not in verdicts(beside(traffic(1, 300), few, poison))
    slow = traffic(3, 300, "green", client=EVE, ms=2_000)
    assert "unhealthy" not in verdicts(beside(traffic(1, 300), traffic(2, 20, "green"), slow))


def test_nobody_becomes_a_gateway_by_a_flood_before_the_switch() -> None:
    users = tuple(replace(each, ended=each.ended * 10) for each in traffic(1, 300))
    flood = tuple(replace(each, ended=2_800 + each.ended / 100) for each in traffic(4, 900, client=EVE))
    known = before(users, flood)
    assert known.gateway == ""
    poison = traffic(3, 300, "green", fails=1.0, client=EVE)
    assert "unhealthy" not in verdicts(after(known, traffic(2, 300, "green"), poison))


def test_who_only_goes_away_becomes_no_gateway() -> None:
    known = before(traffic(1, 300), tuple(aborts(EVE, 0.01, 300, 1, "blue")))
    assert known.gateway == ""


def test_a_gateway_is_one_although_others_ask_too() -> None:
    known = before(traffic(1, 300, client=EVE), *(traffic(4, 60, client=each) for each in MANY[:2]))
    assert known.gateway == mark(EVE)


def test_one_client_alone_in_a_canary_decides_nothing() -> None:
    poison = traffic(3, 300, "green", fails=1.0, client=EVE)
    assert verdicts(beside(traffic(1, 300), poison)) == {"not enough traffic"}


def test_one_client_whose_requests_take_long_does_not_take_a_release_back() -> None:
    slow = traffic(3, 300, "green", client=EVE, ms=2_000)
    found = after(before(traffic(1, 300)), traffic(2, 300, "green"), slow)
    assert judge(POLICY, found, LAST).verdict == "healthy"


def test_one_client_with_few_slow_requests_among_few_does_not_either() -> None:
    slow = traffic(3, 1, "green", client=EVE, ms=20_000)
    found = beside(traffic(1, 300), traffic(2, 300, "green")[::25], slow)
    assert found.p95_ratio is not None
    assert found.p95_ratio.value < 1.2


def test_one_client_with_good_requests_does_not_hide_a_bad_release() -> None:
    flood = [traffic(seed, 300, "green", client=EVE) for seed in range(10, 20)]
    found = after(before(traffic(1, 300)), traffic(2, 300, "green", fails=0.03), *flood)
    assert verdicts(found) == {"unhealthy"}


def test_one_client_that_fails_beside_does_not_excuse_a_bad_release() -> None:
    excuse = traffic(3, 300, "blue", fails=1.0, client=EVE)
    found = beside(traffic(1, 300), excuse, traffic(2, 300, "green", fails=0.05))
    assert verdicts(found) == {"unhealthy"}


@pytest.mark.parametrize("client", ["", EVE, *MANY[:1]], ids=("many", "one gateway", "another"))
def test_a_bad_release_is_taken_back_with_many_clients_and_with_one(client: str) -> None:
    known = before(traffic(1, 300, client=client))
    assert verdicts(after(known, traffic(2, 60, "green", 0.1, client))) == {"unhealthy"}
    assert verdicts(after(known, traffic(2, 60, "green", client=client, ms=200))) == {"unhealthy"}
    both = beside(traffic(1, 60, client=client), traffic(2, 60, "green", 0.1, client))
    assert verdicts(both) == {"unhealthy"}


def test_a_bad_release_is_taken_back_where_nobody_knows_the_one_before() -> None:
    for client in ("", EVE):
        assert verdicts(after(None, traffic(2, 60, "green", 0.1, client))) == {"unhealthy"}


def test_addresses_that_are_not_logged_leave_everything_as_requests_say() -> None:
    def anonymous(found: Iterable[Request]) -> tuple[Request, ...]:
        return tuple(Request(each.ended, each.pool, "/", each.status, 20, True, False) for each in found)

    found = after(before(anonymous(traffic(1, 300))), anonymous(traffic(2, 60, "green", 0.1)))
    assert verdicts(found) == {"unhealthy"}
    assert (found.release.clients, found.release.silenced) == (0, 0)


def test_more_clients_than_can_be_kept_are_nobody_in_particular(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relctl.observation.tally._MOST_CLIENTS", 10)
    tally = Tally()
    tally.add(traffic(1, 60, "green", fails=0.5))
    [side] = tally.sides("green")
    assert side.clients == 10
    assert side.requests + side.silenced >= 60 * 20 - 60
    assert Counter(bool(each) for each in side.spans)[True] > 10
