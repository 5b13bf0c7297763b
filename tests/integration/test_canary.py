"""Canary steps over a real Nginx: who gets which release, what is compared, and how each step is undone."""

import time
from collections import Counter
from collections.abc import Iterator
from math import sqrt
from typing import Any

import pytest
import requests

from client_load import Load, failed
from hosts import Bench, bench
from relctl.engine.slots import slot_spec
from relctl.errors import RolledBackError, UsageError
from relctl.rollout.ensure_proxy import up
from relctl.rollout.host import Host
from relctl.rollout.move import Switch
from relctl.rollout.promote import promote
from relctl.rollout.rollback import rollback
from relctl.rollout.snapshot import take_snapshot
from relctl.rollout.status import status
from relctl.state.event import Event
from relctl.tag import Tag
from stands import ANY_P95

POLICY = {
    "canary": (20, 50),
    "observe": 2.0,
    "max_error_rate": 0.04,
    "max_p95_ratio": ANY_P95,
    "too_few": "wait",
    "wait_at_most": 20.0,
}
CLIENTS = 8
LAST = CLIENTS + 4  # answers, of which four at least are to requests that were sent after all before them

pytestmark = pytest.mark.usefixtures("small_spans")


@pytest.fixture
def stand() -> Iterator[Bench]:
    with bench() as made:
        yield made


def canary(stand: Bench, **policy: Any) -> Host:
    """The host under a policy with canary steps."""
    return stand.under(**POLICY | policy)


def loaded(stand: Bench) -> Load:
    return Load(stand.listen, "/translate", {"text": "x"}, connections=CLIENTS, pause=0.005).start()


def answers(stand: Bench, number: int, **headers: str) -> Counter[str]:
    """Who answers so many requests of one client."""
    url, found = f"http://{stand.listen}/translate", Counter[str]()
    with requests.Session() as session:
        for _ in range(number):
            answer = session.post(url, json={"text": "x"}, headers=headers, timeout=5)
            found[answer.json()["release"][:6]] += 1
    return found


def steps(stand: Bench) -> list[str]:
    """The ledger since the last promote began, with the percents of its canary steps."""
    events = stand.host.ledger.read().events
    begun = max(number for number, event in enumerate(events) if event.event == "promoting")
    return [f"{event.event} {event.details.get('percent', '')}".strip() for event in events[begun:]]


def test_a_good_release_gets_more_and_more_of_the_traffic(stand: Bench) -> None:
    host = canary(stand)
    promote(host, stand.proved("1.0.0", delay_ms=5))
    load = loaded(stand)
    second = stand.proved("2.0.0", delay_ms=5)
    moved = promote(host, second)
    load.wait_for(LAST, within=30)
    samples = load.stop()
    assert failed(samples) == []
    assert moved is not None
    assert steps(stand) == [
        "promoting",
        "pointed 20",
        "observed 20",
        "pointed 50",
        "observed 50",
        "pointed",
        "observing",
        "observed",
        "promoted",
    ]
    [first_step, second_step] = [
        e for e in stand.host.ledger.read().events if e.details.get("percent") and e.event == "observed"
    ]
    for event, share in ((first_step, 0.2), (second_step, 0.5)):
        ours, theirs = event.details["requests"], event.details["reference"]["requests"]
        assert event.details["verdict"] == "healthy"
        deviation = sqrt(share * (1 - share) / (ours + theirs))
        assert ours / (ours + theirs) == pytest.approx(share, abs=5 * deviation)  # chance: once in a million
    assert {sample.release for sample in samples[-4:]} == {str(second)}
    assert status(host).drift == []


@pytest.mark.parametrize(
    ("behaviour", "ratio", "reason"),
    [
        ({"fails_every": 4}, ANY_P95, "requests failed"),
        pytest.param(
            {"delay_ms": 150}, 1.5, r"p95 \d+ ms, \d+ ms of the previous release", marks=pytest.mark.slow
        ),
    ],
    ids=["fails", "slow"],
)
def test_a_bad_release_is_taken_back_in_its_first_step(
    stand: Bench, behaviour: Any, ratio: float, reason: str
) -> None:
    host = canary(stand, observe=120.0, max_p95_ratio=ratio)
    first, second = stand.proved("1.0.0", delay_ms=5), stand.proved("2.0.0", delay_ms=5)
    promote(stand.host, first)
    promote(stand.host, second)
    load, began = loaded(stand), time.monotonic()
    bad = stand.proved("3.0.0", **{"delay_ms": 5} | behaviour)
    with pytest.raises(RolledBackError, match=reason) as raised:
        promote(host, bad)
    assert time.monotonic() - began < 110, "it was watched to the end of its time"
    load.wait_for(LAST, within=30)
    samples = load.stop()
    assert raised.value.exit_code == 5
    assert steps(stand) == ["promoting", "pointed 20", "observed 20", "aborted"]
    assert {sample.release for sample in samples[-4:]} == {str(second)}
    touched = [sample for sample in samples if sample.release == str(bad) or sample.error]
    assert len(touched) / len(samples) < 0.3
    snapshot = take_snapshot(host)
    assert (snapshot.pointer, snapshot.tag(snapshot.idle)) == ("green", str(first))
    assert status(host).drift == []


def test_the_first_release_has_nothing_to_be_compared_with_and_nothing_to_go_back_to(stand: Bench) -> None:
    promote(canary(stand), stand.proved("1.0.0"))
    assert steps(stand) == ["promoting", "pointed", "promoted"]


def test_the_environments_own_steps_need_no_reload(stand: Bench) -> None:
    host = canary(stand, too_few="accept", observe=0.2)
    promote(host, stand.proved("1.0.0"))
    assert host.proxy.apply() == "none"
    before = host.proxy.config.read_text()
    promote(host, stand.proved("2.0.0"))
    assert host.proxy.config.read_text() == before


def test_other_steps_are_one_reload_and_no_drift_afterwards(stand: Bench) -> None:
    promote(stand.host, stand.proved("1.0.0"))
    promote(canary(stand, canary=(7,), too_few="accept", observe=0.2), stand.proved("2.0.0"))
    assert "pointed 7" in steps(stand)
    assert status(stand.host).drift == []
    assert up(stand.host) == "none"


def begin(stand: Bench, host: Host, version: str, pointer: str) -> Tag:
    """Leave a promote over live blue as a SIGKILL in a canary step does."""
    tag = stand.proved(version)
    snapshot = take_snapshot(host)
    before = snapshot.container(snapshot.idle)
    replaced = before.image_id if before else ""
    move = Switch("promote", str(tag), f"sha256:{version}", snapshot.idle, snapshot.live, replaced)
    host.ledger.append(move.event("promoting"))
    image = stand.engine.image(f"sha256:{version}")
    assert image is not None
    stand.engine.start(slot_spec(host.project, snapshot.idle, image))
    host.proxy.pointer.move(pointer)
    return tag


@pytest.mark.parametrize("command", ["promote", "rollback"])
def test_a_promote_killed_in_a_canary_step_is_undone_by_the_next_command(stand: Bench, command: str) -> None:
    host = canary(stand, observe=0.2, too_few="accept")
    first, second = stand.proved("1.0.0"), stand.proved("2.0.0")
    promote(stand.host, second)
    promote(stand.host, first)
    promote(stand.host, second)
    up(host)
    load = loaded(stand)
    third = begin(stand, host, "3.0.0", "green-20")
    load.wait_for(60, within=30)
    found = status(host)
    assert (found.pointer, found.drift) == (
        "green-20",
        [f"an interrupted promoting {third}: the next promote or rollback settles it"],
    )
    assert found.live is not None
    assert found.live.tag == str(second)
    if command == "promote":
        assert promote(host, second) is None
    else:
        moved = rollback(host, None)  # from the canary, not from what was live before it
        assert moved is not None
        assert (moved.tag, moved.previous, moved.standby) == (str(second), str(third), str(first))
    load.wait_for(LAST, within=30)
    samples = load.stop()
    assert failed(samples) == []
    assert {sample.release for sample in samples[-4:]} == {str(second)}
    snapshot = take_snapshot(host)
    assert (snapshot.live_tag, snapshot.tag(snapshot.idle)) == (str(second), str(first))
    assert "aborted" in stand.events()
    assert status(host).drift == []


def test_a_rollback_that_was_killed_may_be_typed_again_and_goes_no_further(stand: Bench) -> None:
    host = canary(stand, observe=0.2, too_few="accept")
    first, second = stand.proved("1.0.0"), stand.proved("2.0.0")
    promote(stand.host, first)
    promote(stand.host, second)
    third = begin(stand, host, "3.0.0", "blue-20")
    host.ledger.append(Event("pointed", tag=str(third), image_id="sha256:3.0.0", slot="blue"))
    host.proxy.pointer.move("green")  # by a rollback that was killed then
    moved = rollback(host, None)
    assert moved is not None
    assert (moved.tag, moved.standby) == (str(second), str(first))
    assert stand.events()[-2:] == ["pointed", "aborted"]
    assert status(host).drift == []


def test_a_pointer_that_was_moved_into_a_canary_by_hand_is_put_back(stand: Bench) -> None:
    host = canary(stand, observe=0.2, too_few="accept")
    first, second = stand.proved("1.0.0"), stand.proved("2.0.0")
    promote(stand.host, first)
    promote(stand.host, second)
    up(host)
    host.proxy.pointer.move("blue-20")
    assert status(host).drift[0] == f"the pointer leads to blue-20; the ledger says green ({second})"
    assert promote(host, second) is None
    assert take_snapshot(host).pointer == "green"


def test_a_canary_is_by_request(stand: Bench) -> None:
    host = canary(stand)
    promote(stand.host, stand.proved("1.0.0"))
    promote(stand.host, stand.proved("2.0.0"))
    up(host)
    host.proxy.pointer.move("blue-20")
    found = answers(stand, 400)
    assert found["v1.0.0"] / 400 == pytest.approx(0.2, abs=0.1)


@pytest.mark.parametrize(
    ("sticky", "headers"),
    [("header:X-Client-Id", {"X-Client-Id": "{}"}), ("cookie:session", {"Cookie": "a=b; session={}"})],
)
def test_a_sticky_canary_is_by_client_and_keeps_its_clients(
    stand: Bench, sticky: str, headers: dict[str, str]
) -> None:
    host = canary(stand, sticky=sticky)
    promote(stand.host, stand.proved("1.0.0"))
    promote(stand.host, stand.proved("2.0.0"))
    up(host)
    chosen: dict[str, set[int]] = {}
    for route in ("blue-20", "blue-50"):
        host.proxy.pointer.move(route)
        seen = {
            number: set(answers(stand, 3, **{key: value.format(number) for key, value in headers.items()}))
            for number in range(60)
        }
        assert all(len(releases) == 1 for releases in seen.values()), "a client got both"
        chosen[route] = {number for number, releases in seen.items() if releases == {"v1.0.0"}}
    assert 0 < len(chosen["blue-20"]) < len(chosen["blue-50"]) < 60
    assert chosen["blue-20"] < chosen["blue-50"]
    assert len(answers(stand, 100)) == 2, "clients that cannot be told apart are not one client"


def test_a_template_that_knows_no_canary_is_refused_before_anything_is_done(stand: Bench) -> None:
    promote(stand.host, stand.proved("1.0.0"))
    template = stand.folder / "nginx" / "service.conf.j2"
    template.write_text(
        template.read_text().replace("{% for canary in canaries %}\n    ~", "{% for canary in [] %}\n    ~")
    )
    before = stand.events()
    with pytest.raises(UsageError, match="has no route green-20") as raised:
        promote(canary(stand), stand.proved("2.0.0"))
    assert "--canary none" in raised.value.hint
    assert stand.events() == before


def test_a_route_in_use_stays_when_the_policy_forgets_it(stand: Bench) -> None:
    host = canary(stand)
    promote(stand.host, stand.proved("1.0.0"))
    promote(stand.host, stand.proved("2.0.0"))
    up(host)
    host.proxy.pointer.move("blue-20")
    up(stand.host)
    assert answers(stand, 20).total() == 20
