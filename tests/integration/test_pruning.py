"""Retention over a real Nginx, with the engine in memory: what is removed, what is kept, what each says."""

import errno
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
import requests

from hosts import Bench, bench
from ports import free_port
from relctl.config.environment import Ports
from relctl.engine.leases import hold_image
from relctl.engine.protocol import ContainerSpec, Limits, Network
from relctl.errors import EngineError, LockedError, UsageError
from relctl.report.page import index_of
from relctl.rollout.dry_run import rehearse
from relctl.rollout.ensure_proxy import up
from relctl.rollout.host import Host
from relctl.rollout.pin import pin, unpin
from relctl.rollout.promote import promote
from relctl.rollout.prune import Pruned, prune
from relctl.rollout.releases import releases
from relctl.rollout.rollback import rollback
from relctl.state.event import Event
from relctl.state.evidence import EvidenceStore
from relctl.state.layer_cache import tar as tar_of
from relctl.state.lock import exclusive
from relctl.tag import Tag


@pytest.fixture
def stand() -> Iterator[Bench]:
    with bench() as made:
        yield made


@pytest.fixture
def second(stand: Bench) -> Iterator[Host]:
    """Another environment that shares the engine and the state directory."""
    yield from another(stand, "second", "state")


@pytest.fixture
def away(stand: Bench) -> Iterator[Host]:
    """Another environment that shares the engine only."""
    yield from another(stand, "away", "elsewhere")


def another(stand: Bench, name: str, state: str) -> Iterator[Host]:
    settings = stand.host.project.environment
    listen = {"listen": (f"127.0.0.1:{free_port()}",)}
    ports = {"publish": Ports(blue=free_port(), green=free_port())}
    own = {
        "state_dir": stand.folder / state,
        "proxy": settings.proxy.model_copy(update=listen),
        "network": settings.network.model_copy(update=ports),
    }
    host = stand.with_project(name=name, environment=settings.model_copy(update=own))
    yield host
    host.proxy.down()


def built(stand: Bench, version: str) -> Tag:
    """Put an image into the engine as `relctl build` does, with its hold and its event."""
    tag = stand.image(version)
    image = stand.engine.image(f"svc:{tag}")
    assert image is not None
    hold_image(stand.host.project, stand.engine, image, tag)
    stand.host.ledger.append(Event("built", tag=str(tag), image_id=image.id))
    return tag


def run_through(stand: Bench, *numbers: int) -> list[Tag]:
    """Build, prove and promote releases; returns their tags."""
    tags = []
    for number in numbers:
        tags.append(built(stand, f"{number}.0.0"))
        stand.evidence(f"sha256:{number}.0.0", tags[-1])
        promote(stand.host, tags[-1])
    return tags


def by_force(host: Host, tag: Tag) -> None:
    promote(host, tag, "proved elsewhere")


def there(stand: Bench) -> list[str]:
    """The versions of which the engine has an image."""
    return sorted(image.id.removeprefix("sha256:") for image in stand.engine.images("io.relctl.service"))


def why(found: Pruned) -> dict[str, str]:
    return {each.tag.removesuffix("-abc12de"): each.why for each in found.kept}


def planned(host: Host) -> Pruned:
    """What `prune --dry-run` says."""
    return prune(rehearse(host))


def live(host: Host) -> str:
    listen = host.project.environment.proxy.address
    found: str = requests.get(f"http://{listen}/version", timeout=5).json()["version"]
    return found


def retaining(host: Host, number: int) -> Host:
    versions = host.project.versions.model_copy(update={"retain": number})
    return replace(host, project=replace(host.project, versions=versions))


def test_a_promote_removes_what_is_older_than_the_last_promoted(stand: Bench) -> None:
    tags = run_through(stand, 1, 2, 3, 4, 5)
    assert there(stand) == ["3.0.0", "4.0.0", "5.0.0"]
    assert [event.tag for event in stand.host.ledger.read().events if event.event == "pruned"] == [
        str(tag) for tag in tags[:2]
    ]
    assert f"pruned {tags[1]}: removed" in stand.said
    assert prune(stand.host).removed == []


@pytest.mark.slow
def test_every_retained_release_can_be_gone_back_to_after_each_promote(stand: Bench) -> None:
    tags: list[Tag] = []
    for number in range(1, 7):
        tags += run_through(stand, number)
        for tag in (*tags[-3:], tags[-1]):
            rollback(stand.host, tag)
            assert live(stand.host) == tag.version


def test_what_was_pruned_is_no_release_to_go_back_to_also_when_more_are_retained_later(stand: Bench) -> None:
    tags = run_through(stand, 1, 2, 3, 4)
    with pytest.raises(UsageError, match=f"{tags[0]} is not a retained release") as raised:
        rollback(retaining(stand.host, 9), tags[0])
    assert str(tags[1]) in raised.value.message
    assert live(stand.host) == "4.0.0"


def test_a_pruned_release_can_be_built_and_promoted_again(stand: Bench) -> None:
    run_through(stand, 1, 2, 3, 4)
    [again] = run_through(stand, 1)
    assert (live(stand.host), there(stand)) == ("1.0.0", ["1.0.0", "3.0.0", "4.0.0"])
    rollback(stand.host, None)
    assert rollback(stand.host, again) is not None
    assert live(stand.host) == "1.0.0"


def test_evidence_and_reports_go_with_their_image(stand: Bench) -> None:
    run_through(stand, 1)
    path = stand.host.evidence.path("sha256:1.0.0", "sha256:a-pipeline-of-before")
    path.write_text("older evidence")
    path.with_suffix(".html").write_text("its report")
    run_through(stand, 2, 3, 4)
    left = {path.name.partition("-")[0] for path in stand.host.evidence.folder.iterdir()}
    assert left == {"2.0.0", "3.0.0", "4.0.0", "index.html"}
    listed = re.findall(r">v(\d)\.0\.0", index_of(stand.host.evidence.folder).read_text())
    assert sorted(listed) == ["2", "3", "4"]


def test_cached_layers_go_with_the_last_image_that_has_them(stand: Bench) -> None:
    tars = {name: tar_of(stand.host.paths.cache, f"sha256:{name}") for name in ("base", "one", "two")}
    for path in tars.values():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for number, name in enumerate(("one", "two", "two", "two"), 1):
        tag = built(stand, f"{number}.0.0")
        image = stand.engine.image(f"svc:{tag}")
        assert image is not None
        stand.engine.add(replace(image, layers=("sha256:base", f"sha256:{name}")))
        by_force(stand.host, tag)
    assert "1.0.0" not in there(stand)
    assert [name for name, path in tars.items() if path.exists()] == ["base", "two"]


def test_what_was_just_built_does_not_vanish_with_the_next_promote(stand: Bench) -> None:
    for version in ("0.1.0", "0.2.0", "0.3.0", "0.4.0"):
        built(stand, version)
    run_through(stand, 1)
    assert there(stand) == ["0.2.0", "0.3.0", "0.4.0", "1.0.0"]
    assert why(planned(stand.host))["v0.2.0"] == "one of the last 3 not promoted"


def test_a_dry_run_says_why_each_is_kept_and_changes_nothing(stand: Bench) -> None:
    tags = run_through(stand, 1, 2, 3)
    stand.image("9.0.0")
    pin(stand.host, built(stand, "0.1.0"))
    built(stand, "4.0.0")
    before = (stand.events(), there(stand))
    found = planned(retaining(stand.host, 1))
    assert (stand.events(), there(stand)) == before
    assert found.removed == [str(tags[0])]
    assert why(found) == {
        "v0.1.0": "pinned",
        "v4.0.0": "one of the last 1 not promoted",
        "v3.0.0": "live",
        "v2.0.0": "standby",
        "v9.0.0": "this environment's history does not mention it",
    }


def test_a_pinned_release_stays_until_it_is_unpinned(stand: Bench) -> None:
    [first] = run_through(stand, 1)
    assert pin(stand.host, first, "the customer's audit")
    assert not pin(stand.host, first)
    run_through(stand, 2, 3, 4, 5)
    [listed] = [each for each in releases(stand.host) if each.tag == str(first)]
    assert (listed.pinned, listed.retained) == (True, True)
    rollback(stand.host, first)
    assert live(stand.host) == "1.0.0"
    rollback(stand.host, None)
    unpin(stand.host, first)
    assert why(prune(stand.host))["v1.0.0"] == "standby"
    run_through(stand, 6)
    assert "1.0.0" not in there(stand)
    assert [event.reason for event in stand.host.ledger.read().events if event.event == "pinned"] == [
        "the customer's audit"
    ]


def test_an_unknown_tag_cannot_be_pinned(stand: Bench) -> None:
    with pytest.raises(UsageError, match=r"there is no image svc:v9\.9\.9-abc12de"):
        pin(stand.host, Tag.parse("v9.9.9-abc12de"))
    assert stand.events() == []


def test_what_is_not_pinned_cannot_be_unpinned_and_the_pinned_are_named(stand: Bench) -> None:
    pinned, other = stand.image("1.0.0"), stand.image("2.0.0")
    with pytest.raises(UsageError, match=f"{other} is not pinned in test; pinned: nothing"):
        unpin(stand.host, other)
    pin(stand.host, pinned)
    with pytest.raises(UsageError, match=f"{other} is not pinned in test; pinned: {pinned}"):
        unpin(stand.host, other)


def test_a_pin_of_an_image_that_is_gone_can_be_taken_back(stand: Bench) -> None:
    tag = stand.image("1.0.0")
    pin(stand.host, tag)
    stand.engine.forget("sha256:1.0.0")
    assert why(prune(stand.host)) == {"v1.0.0": "pinned; its image is gone from the engine"}
    unpin(stand.host, tag)


def test_while_another_relctl_is_at_work_nothing_is_pruned_or_pinned(stand: Bench) -> None:
    [tag] = run_through(stand, 1)
    with exclusive(stand.host.paths.lock):
        for host in (stand.host, rehearse(stand.host)):
            with pytest.raises(LockedError):
                prune(host)
        with pytest.raises(LockedError):
            pin(stand.host, tag)
        with pytest.raises(LockedError):
            unpin(stand.host, tag)


def test_an_interrupted_promote_is_settled_before_anything_is_pruned(stand: Bench) -> None:
    run_through(stand, 1, 2)
    third = built(stand, "3.0.0")
    interrupted = Event(
        "promoting",
        tag=str(third),
        image_id="sha256:3.0.0",
        slot="blue",
        source="green",
        replaced="sha256:1.0.0",
    )
    stand.host.ledger.append(interrupted)
    assert why(planned(retaining(stand.host, 1)))["v1.0.0"] == "standby"
    assert prune(retaining(stand.host, 1)).removed == []
    assert "aborted" in stand.events()
    assert live(stand.host) == "2.0.0"


@pytest.mark.parametrize("route", ["", "blue-20", "green"], ids=["switched", "in a canary", "started"])
def test_a_dry_run_after_a_killed_promote_says_what_is_then_removed(stand: Bench, route: str) -> None:
    run_through(stand, 1, 2)
    stand.host = stand.under(canary=(20,), observe=1.0, too_few="accept")
    up(stand.host)
    stand.killed_promote(built(stand, "3.0.0"), route=route)
    before = (stand.events(), there(stand), stand.host.proxy.pointer.read())
    told = planned(retaining(stand.host, 1))
    assert (stand.events(), there(stand), stand.host.proxy.pointer.read()) == before
    assert told == prune(retaining(stand.host, 1))
    assert told.removed == ([] if route else ["v1.0.0-abc12de"])


# --- others on the same engine ---


def test_one_environment_never_prunes_what_another_one_needs(stand: Bench, second: Host) -> None:
    [first] = run_through(stand, 1)
    promote(second, first)
    run_through(stand, 2, 3, 4, 5)
    assert there(stand) == ["1.0.0", "3.0.0", "4.0.0", "5.0.0"]
    [event] = [each for each in stand.host.ledger.read().events if each.tag == str(first)][-1:]
    assert (event.event, event.reason.rpartition("-")[0]) == (
        "pruned",
        "no longer needed here; held by svc-second",
    )
    assert stand.host.evidence.knows("sha256:1.0.0")
    assert live(second) == "1.0.0"
    for number in (3, 4, 5):
        promote(second, Tag.parse(f"v{number}.0.0-abc12de"))
    assert there(stand) == ["3.0.0", "4.0.0", "5.0.0"]
    assert not stand.host.evidence.knows("sha256:1.0.0")


def test_also_with_another_state_directory_and_while_nothing_of_it_runs(stand: Bench, away: Host) -> None:
    [first] = run_through(stand, 1)
    by_force(away, first)
    for tag in run_through(stand, 2, 3):
        by_force(away, tag)
    for container in stand.engine.containers({"io.relctl.environment": "away"}):
        stand.engine.remove(container.name)
    run_through(stand, 4, 5)
    assert there(stand) == ["1.0.0", "2.0.0", "3.0.0", "4.0.0", "5.0.0"]
    assert not stand.host.evidence.knows("sha256:1.0.0")
    rollback(away, first)
    assert live(away) == "1.0.0"


def test_both_go_back_to_each_of_their_last_releases_at_any_time(stand: Bench, second: Host) -> None:
    tags: list[Tag] = []
    for number in range(1, 7):
        tags += run_through(stand, number)
        if len(tags) < 3:
            continue
        promote(second, tags[-3])
        for host, kept in ((stand.host, tags[-3:]), (second, tags[-5:-2])):
            for tag in (*kept, kept[-1]):
                rollback(host, tag)
                assert live(host) == tag.version
    assert there(stand) == ["2.0.0", "3.0.0", "4.0.0", "5.0.0", "6.0.0"]


def start_by_hand(stand: Bench, tag: Tag) -> None:
    limits, network = Limits(1.0, 1, 1), Network("by-hand", "10.0.0.0/24")
    spec = ContainerSpec("by-hand", f"sha256:{tag.version}", 8000, {}, limits, network)
    stand.engine.start(spec)


def test_what_a_container_uses_is_kept_whoever_started_it(stand: Bench) -> None:
    [first] = run_through(stand, 1)
    start_by_hand(stand, first)
    run_through(stand, 2, 3, 4, 5)
    assert why(planned(stand.host))["v1.0.0"] == "container by-hand uses it"
    stand.engine.remove("by-hand")
    assert prune(stand.host).removed == [str(first)]


def test_an_image_that_the_engine_does_not_remove_is_kept_and_the_rest_goes_on(
    stand: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = run_through(stand, 1, 2)
    run_through(stand, 3)
    start_by_hand(stand, first)
    monkeypatch.setattr(stand.engine, "containers", lambda _: [])  # it was not there when prune looked
    run_through(stand, 4, 5)
    assert "2.0.0" not in there(stand)
    assert stand.host.evidence.knows("sha256:1.0.0")
    said = why(prune(stand.host))["v1.0.0"]
    assert said.startswith("the engine does not remove it: the engine refuses")
    assert "in use by by-hand" in said
    stand.engine.remove("by-hand")
    assert prune(stand.host).removed == [str(first)]
    assert str(second) in [event.tag for event in stand.host.ledger.read().events if event.event == "pruned"]


def test_a_name_removed_by_hand_loses_nothing(stand: Bench) -> None:
    [first] = run_through(stand, 1)
    run_through(stand, 2, 3)
    stand.engine.remove_image(f"svc:{first}")
    assert str(first) in [each.tag for each in releases(stand.host)]
    rollback(stand.host, first)
    assert live(stand.host) == "1.0.0"


def test_an_image_removed_by_hand_is_named_while_it_is_needed_and_written_off_later(stand: Bench) -> None:
    [first] = run_through(stand, 1)
    run_through(stand, 2, 3)
    stand.engine.forget("sha256:1.0.0")
    assert why(prune(stand.host))["v1.0.0"] == "one of the last 3 promoted; its image is gone from the engine"
    run_through(stand, 4)
    assert f"pruned {first}: removed" in stand.said
    assert not stand.host.evidence.knows("sha256:1.0.0")


def test_a_hold_removed_by_hand_comes_back_with_the_next_prune(stand: Bench, second: Host) -> None:
    [first] = run_through(stand, 1)
    promote(second, first)
    held = next(
        name
        for image in stand.engine.images("io.relctl.service")
        for name in image.tags
        if name.startswith("relctl-hold/svc-second")
    )
    stand.engine.remove_image(held)
    prune(second)
    run_through(stand, 2, 3, 4)
    assert "1.0.0" in there(stand)


# --- a pruning that fails ---


def test_a_pruning_that_fails_is_said_and_changes_nothing_about_the_promote(
    stand: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_through(stand, 1, 2, 3)

    def silent(_: object) -> None:
        raise EngineError("the engine does not answer")

    monkeypatch.setattr(stand.engine, "images", silent)
    run_through(stand, 4)
    assert live(stand.host) == "4.0.0"
    assert stand.events()[-1] == "promoted"
    assert stand.said[-1] == (
        "old releases were not pruned: the engine does not answer; relctl prune tries again"
    )
    monkeypatch.undo()
    assert prune(stand.host).removed == ["v1.0.0-abc12de"]


def test_a_disk_that_fails_while_pruning_is_said_and_the_next_prune_ends_it(
    stand: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_through(stand, 1, 2, 3)

    def broken(_: EvidenceStore, image_id: str) -> None:
        raise OSError(errno.EIO, "Input/output error", f"evidence/{image_id}")

    monkeypatch.setattr(EvidenceStore, "remove", broken)
    run_through(stand, 4)
    monkeypatch.undo()
    assert live(stand.host) == "4.0.0"
    assert "Input/output error" in stand.said[-1]
    assert prune(stand.host).removed == ["v1.0.0-abc12de"]
    assert not stand.host.evidence.knows("sha256:1.0.0")
