"""Promote, rollback and reconcile over a real Nginx, with the engine in memory: what a user would see."""

import errno
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import requests

from client_load import Load, failed
from hosts import COMMIT, Bench, bench
from ports import free_port
from relctl.config.environment import Ports
from relctl.engine.protocol import Image
from relctl.engine.slots import slot_container, slot_spec
from relctl.errors import NeedsPersonError, NotProvedError, RelctlError, RolledBackError, UsageError
from relctl.report.page import report_of
from relctl.rollout.down import down
from relctl.rollout.ensure_proxy import up
from relctl.rollout.move import Switch
from relctl.rollout.promote import promote
from relctl.rollout.releases import releases
from relctl.rollout.rollback import rollback
from relctl.rollout.snapshot import live_image, take_snapshot
from relctl.rollout.status import status
from relctl.tag import Tag


@pytest.fixture
def stand() -> Iterator[Bench]:
    with bench() as made:
        yield made


def live(stand: Bench) -> str:
    found: str = requests.get(f"http://{stand.listen}/version", timeout=5).json()["version"]
    return found


def standby(stand: Bench) -> str:
    snapshot = take_snapshot(stand.host)
    return snapshot.tag(snapshot.idle)


def test_the_first_promote_starts_nginx_and_takes_the_traffic(stand: Bench) -> None:
    moved = promote(stand.host, stand.proved("1.0.0"))
    assert moved is not None
    assert (moved.slot, moved.previous) == ("blue", "")
    assert live(stand) == "1.0.0"
    assert stand.events() == ["promoting", "pointed", "promoted"]


def test_the_release_before_stays_up_as_the_standby(stand: Bench) -> None:
    first, second = stand.proved("1.0.0"), stand.proved("2.0.0")
    promote(stand.host, first)
    moved = promote(stand.host, second)
    assert moved is not None
    assert (moved.slot, moved.previous) == ("green", str(first))
    assert (live(stand), standby(stand)) == ("2.0.0", str(first))
    found = status(stand.host)
    assert found.standby is not None
    assert (found.standby.tag, found.standby.health, found.drift) == (str(first), "ready", [])


def test_promoting_what_is_live_changes_nothing(stand: Bench) -> None:
    tag = stand.proved("1.0.0")
    promote(stand.host, tag)
    assert promote(stand.host, tag) is None
    assert stand.events().count("promoting") == 1


def test_promotes_and_rollbacks_under_load_lose_no_request(stand: Bench) -> None:
    tags = [stand.proved(f"{number}.0.0") for number in range(1, 6)]
    promote(stand.host, tags[0])
    load = Load(stand.listen, "/translate", {"text": "x"}, connections=8).start()
    for tag in tags[1:]:
        promote(stand.host, tag)
        load.wait_for(20, within=10)
        rollback(stand.host, None)
        load.wait_for(20, within=10)
        rollback(stand.host, None)
    samples = load.stop()
    assert failed(samples) == []
    assert live(stand) == "5.0.0"


def test_rollback_without_a_tag_is_warm_and_comes_back(stand: Bench) -> None:
    for version in ("1.0.0", "2.0.0"):
        promote(stand.host, stand.proved(version))
    moved = rollback(stand.host, None, reason="looks wrong")
    assert moved is not None
    assert moved.warm
    assert live(stand) == "1.0.0"
    assert stand.host.ledger.read().events[-1].reason == "looks wrong"
    rollback(stand.host, None)
    assert live(stand) == "2.0.0"


def test_promoting_the_standby_switches_without_a_restart(stand: Bench) -> None:
    first, second = stand.proved("1.0.0"), stand.proved("2.0.0")
    promote(stand.host, first)
    promote(stand.host, second)
    moved = promote(stand.host, first)
    assert moved is not None
    assert moved.warm
    assert (live(stand), standby(stand)) == ("1.0.0", str(second))


def test_a_standby_that_is_not_ready_is_started_anew_for_a_rollback(stand: Bench) -> None:
    first = stand.proved("1.0.0")
    promote(stand.host, first)
    promote(stand.host, stand.proved("2.0.0"))
    stand.engine.fall_silent("relctl-svc-test-blue")
    moved = rollback(stand.host, None)
    assert moved is not None
    assert not moved.warm
    assert live(stand) == "1.0.0"


def test_rolling_back_to_what_is_live_brings_it_up_if_it_is_down(stand: Bench) -> None:
    promote(stand.host, stand.proved("1.0.0"))
    second = stand.proved("2.0.0")
    promote(stand.host, second)
    stand.engine.crash("relctl-svc-test-green")
    assert rollback(stand.host, second) is None
    assert live(stand) == "2.0.0"
    assert status(stand.host).drift == []


def test_rollback_to_a_retained_release_starts_its_image_again(stand: Bench) -> None:
    tags = [stand.proved(f"{number}.0.0") for number in (1, 2, 3)]
    for tag in tags:
        promote(stand.host, tag)
    moved = rollback(stand.host, tags[0])
    assert moved is not None
    assert not moved.warm
    assert (live(stand), standby(stand)) == ("1.0.0", str(tags[2]))


def test_a_rollback_to_a_stopped_release_needs_no_template(stand: Bench) -> None:
    """Nginx knows the slot as it is, so another text is neither rendered nor applied."""
    first = stand.proved("1.0.0")
    for tag in (first, stand.proved("2.0.0"), stand.proved("3.0.0")):
        promote(stand.host, tag)
    (stand.folder / "nginx" / "service.conf.j2").write_text("{{ nothing of that name }}")
    rollback(stand.host, first)
    assert live(stand) == "1.0.0"


def test_a_release_that_could_not_be_warmed_up_takes_the_traffic_and_that_is_said(stand: Bench) -> None:
    tags = [stand.proved(f"{number}.0.0") for number in (1, 2, 3)]
    for tag in tags:
        promote(stand.host, tag)
    assert not any("warmed up" in words for words in stand.said)
    (stand.folder / "pipelines" / "verify.yaml").write_text("gates: spoilt\n")
    rollback(stand.host, tags[0])
    assert live(stand) == "1.0.0"
    [words] = [words for words in stand.said if "warmed up" in words]
    assert words.startswith("relctl-svc-test-green was not warmed up, its first answers may be slow: ")
    assert "pipelines/verify.yaml:1: gates: " in words


def test_rollback_needs_no_evidence_for_what_was_promoted_before(stand: Bench) -> None:
    first, second = stand.proved("1.0.0"), stand.proved("2.0.0")
    promote(stand.host, first)
    promote(stand.host, second)
    for path in stand.host.evidence.folder.iterdir():
        path.unlink()
    rollback(stand.host, first)
    assert live(stand) == "1.0.0"


def test_rollback_to_an_image_that_is_gone_is_refused_and_traffic_stays(stand: Bench) -> None:
    tags = [stand.proved(f"{number}.0.0") for number in (1, 2, 3)]
    for tag in tags:
        promote(stand.host, tag)
    forget(stand, tags[0])
    with pytest.raises(UsageError, match=f"the image of {tags[0]} .* is gone from the engine") as raised:
        rollback(stand.host, tags[0])
    assert "relctl build" in raised.value.hint
    assert (live(stand), standby(stand)) == ("3.0.0", str(tags[1]))


def test_an_image_without_evidence_is_refused(stand: Bench) -> None:
    promote(stand.host, stand.proved("1.0.0"))
    with pytest.raises(NotProvedError, match="was never verified") as raised:
        promote(stand.host, stand.image("2.0.0"))
    assert raised.value.hint.startswith("relctl verify v2.0.0-")
    assert raised.value.exit_code == 3
    assert live(stand) == "1.0.0"


def test_an_image_that_failed_its_verification_is_refused(stand: Bench) -> None:
    tag = stand.image("1.0.0")
    stand.evidence("sha256:1.0.0", tag, verdict="fail")
    with pytest.raises(NotProvedError, match="did not pass its verification"):
        promote(stand.host, tag)


def test_evidence_of_another_pipeline_proves_nothing(stand: Bench) -> None:
    tag = stand.proved("1.0.0")
    smoke = stand.folder / "pipelines" / "smoke.yaml"
    smoke.write_text(smoke.read_text().replace("hello", "goodbye"))
    with pytest.raises(NotProvedError, match="another pipeline"):
        promote(stand.host, tag)


def test_evidence_is_bound_to_the_image_and_not_to_the_tag(stand: Bench) -> None:
    tag = stand.proved("1.0.0")
    image = stand.engine.image("sha256:1.0.0")
    assert image is not None
    stand.engine.add(replace(image, id="sha256:rebuilt"))
    with pytest.raises(NotProvedError, match="there is no build record of sha256:rebuilt"):
        promote(stand.host, tag)
    stand.built("sha256:rebuilt", tag)
    with pytest.raises(NotProvedError, match="no evidence for sha256:rebuilt"):
        promote(stand.host, tag)


def test_evidence_that_is_too_old_proves_nothing(stand: Bench) -> None:
    tag = stand.image("1.0.0")
    then = datetime.now(UTC) - timedelta(days=8)
    stand.evidence("sha256:1.0.0", tag, started=then, ended=then)
    project = stand.host.project
    weekly = project.environment.model_copy(update={"max_age": 7 * 86_400.0})
    with pytest.raises(NotProvedError, match=r"was verified 8\.0 days ago; .* at most 7 days"):
        promote(stand.with_project(environment=weekly), tag)
    promote(stand.host, tag)
    assert live(stand) == "1.0.0"


def test_a_dirty_release_is_refused_unless_the_environment_allows_it(stand: Bench) -> None:
    tag = Tag("1.0.0", COMMIT[:7], "0a1b2c3")
    stand.image("1.0.0")
    image = stand.engine.image("sha256:1.0.0")
    assert image is not None
    labels = {**image.labels, "io.relctl.tag": str(tag)}
    stand.engine.add(replace(image, tags=(f"svc:{tag}",), labels=labels))
    stand.built(image.id, tag)
    stand.evidence(image.id, tag)
    with pytest.raises(UsageError, match="built from uncommitted changes"):
        promote(stand.host, tag)
    allowing = stand.host.project.environment.model_copy(update={"allow_dirty": True})
    assert promote(stand.with_project(environment=allowing), tag) is not None


def test_an_image_under_another_name_is_refused(stand: Bench) -> None:
    stand.proved("1.0.0")
    image = stand.engine.image("sha256:1.0.0")
    assert image is not None
    stand.engine.add(replace(image, tags=("svc:v9.0.0-abc12de",)))
    with pytest.raises(UsageError, match="someone gave an image another name"):
        promote(stand.host, Tag.parse("v9.0.0-abc12de"))


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ({"ready": False}, "was not ready within 2 s"),
        ({"exits": True}, "ended with exit code 1 before it was ready; its last lines:\nplanted fault"),
        ({"lies": {"tag": "v0.0.0-0000000"}}, "is another release: tag: the labels say"),
    ],
)
def test_a_release_that_cannot_run_leaves_live_alone_and_brings_the_standby_back(
    stand: Bench, behaviour: dict[str, object], reason: str
) -> None:
    first, second = stand.proved("1.0.0"), stand.proved("2.0.0")
    promote(stand.host, first)
    promote(stand.host, second)
    broken = stand.proved("3.0.0", **behaviour)
    load = Load(stand.listen, "/translate", {"text": "x"}, connections=4).start()
    with pytest.raises(RolledBackError) as raised:
        promote(stand.host, broken)
    samples = load.stop()
    assert raised.value.exit_code == 5
    assert reason in raised.value.message
    assert f"traffic is as before: {second} is live" in raised.value.message
    assert failed(samples) == []
    assert {sample.release for sample in samples} == {str(second)}
    assert (live(stand), standby(stand)) == ("2.0.0", str(first))
    assert stand.events()[-2:] == ["promoting", "aborted"]


def test_a_first_release_that_cannot_run_leaves_nothing_behind(stand: Bench) -> None:
    with pytest.raises(RolledBackError, match="nothing is live"):
        promote(stand.host, stand.proved("1.0.0", exits=True))
    assert take_snapshot(stand.host).slots == {"blue": None, "green": None}
    assert status(stand.host).live is None


def begin(stand: Bench, version: str, *, start: bool, point: bool) -> Tag:
    """Leave a promote of 3.0.0 over live 2.0.0 as a SIGKILL would: at a chosen place."""
    tag = stand.proved(version)
    host = stand.host
    snapshot = take_snapshot(host)
    before = snapshot.container(snapshot.idle)
    image_id = f"sha256:{version}"
    move = Switch(
        "promote", str(tag), image_id, snapshot.idle, snapshot.live, before.image_id if before else ""
    )
    host.ledger.append(move.event("promoting"))
    image = stand.engine.image(image_id)
    assert image is not None
    if start:
        stand.engine.start(slot_spec(host.project, snapshot.idle, image))
    if point:
        host.proxy.pointer.move(snapshot.idle)
    return tag


@pytest.mark.parametrize("start", [False, True])
def test_a_promote_killed_before_the_switch_is_undone_by_the_next_command(stand: Bench, start: bool) -> None:
    first, second = stand.proved("1.0.0"), stand.proved("2.0.0")
    promote(stand.host, first)
    promote(stand.host, second)
    begin(stand, "3.0.0", start=start, point=False)
    assert "interrupted promoting v3.0.0" in status(stand.host).drift[0]
    assert promote(stand.host, second) is None
    assert (live(stand), standby(stand)) == ("2.0.0", str(first))
    assert stand.events()[-1] == "aborted"
    assert status(stand.host).drift == []


def test_a_promote_killed_after_the_switch_is_finished_by_the_next_command(stand: Bench) -> None:
    promote(stand.host, stand.proved("1.0.0"))
    second = stand.proved("2.0.0")
    promote(stand.host, second)
    third = begin(stand, "3.0.0", start=True, point=True)
    assert promote(stand.host, third) is None
    assert (live(stand), standby(stand)) == ("3.0.0", str(second))
    assert stand.events()[-1] == "promoted"
    assert stand.host.ledger.read().events[-1].reason == "finished after an interruption"


@pytest.mark.parametrize("point", [False, True], ids=("before the switch", "behind it"))
def test_a_tag_that_cannot_be_used_is_refused_before_a_killed_promote_is_settled(
    stand: Bench, point: bool
) -> None:
    promote(stand.host, stand.proved("1.0.0"))
    begin(stand, "3.0.0", start=True, point=point)
    stand.image("4.0.0")
    before = (stand.events(), take_snapshot(stand.host))
    for tag in (Tag("9.9.9", COMMIT[:7]), Tag("4.0.0", COMMIT[:7], "0a1b2c3")):
        with pytest.raises(UsageError):
            promote(stand.host, tag)
    assert (stand.events(), take_snapshot(stand.host)) == before
    with pytest.raises(NotProvedError):  # whether evidence holds depends on what is live when that is settled
        promote(stand.host, Tag("4.0.0", COMMIT[:7]))
    assert stand.events()[-1] == ("promoted" if point else "aborted")


def test_a_killed_promote_whose_release_died_since_is_undone(stand: Bench) -> None:
    promote(stand.host, stand.proved("1.0.0"))
    promote(stand.host, stand.proved("2.0.0"))
    begin(stand, "3.0.0", start=True, point=True)
    stand.engine.crash("relctl-svc-test-blue")
    rollback(stand.host, None)
    assert live(stand) == "2.0.0"
    assert stand.events()[-1] == "aborted"


def test_a_lost_pointer_is_brought_back(stand: Bench) -> None:
    tag = stand.proved("1.0.0")
    promote(stand.host, tag)
    stand.host.paths.pointer.unlink()
    assert status(stand.host).drift[0].startswith("the pointer leads to nothing")
    assert promote(stand.host, tag) is None
    assert live(stand) == "1.0.0"
    assert stand.events()[-1] == "repaired"


def test_a_link_to_a_route_that_is_gone_is_a_lost_pointer(stand: Bench) -> None:
    tag = stand.proved("1.0.0")
    promote(stand.host, tag)
    shutil.rmtree(stand.host.paths.routes)
    drift = status(stand.host).drift
    assert drift[0].startswith("the pointer leads to nothing")
    assert "users get no answer" in drift[1]
    assert promote(stand.host, tag) is None
    assert live(stand) == "1.0.0"
    assert status(stand.host).drift == []


def test_status_looks_at_everything_even_if_a_template_is_broken(stand: Bench) -> None:
    promote(stand.host, stand.proved("1.0.0"))
    template = stand.folder / "nginx" / "service.conf.j2"
    template.write_text(template.read_text() + "{% if %}")
    found = status(stand.host)
    assert found.live is not None
    assert found.live.health == "ready"
    assert "cannot be made from the templates" in found.drift[0]


def test_a_pointer_moved_by_hand_is_what_the_ledger_says_next(stand: Bench) -> None:
    first, second = stand.proved("1.0.0"), stand.proved("2.0.0")
    promote(stand.host, first)
    promote(stand.host, second)
    stand.host.proxy.pointer.move("blue")
    assert promote(stand.host, first) is None
    assert status(stand.host).drift == []
    assert stand.host.ledger.read().events[-1].reason == "the pointer was moved by hand from green"


def test_a_crashed_live_is_started_again_before_its_standby_is_replaced(stand: Bench) -> None:
    promote(stand.host, stand.proved("1.0.0"))
    promote(stand.host, stand.proved("2.0.0"))
    stand.engine.crash("relctl-svc-test-green")
    load = Load(stand.listen, "/translate", {"text": "x"}, connections=4).start()
    promote(stand.host, stand.proved("3.0.0"))
    assert failed(load.stop()) == []
    assert live(stand) == "3.0.0"
    assert "repaired" in stand.events()


def test_a_live_that_does_not_come_back_needs_a_person_who_rolls_back_first(stand: Bench) -> None:
    promote(stand.host, stand.proved("1.0.0"))
    tag = stand.proved("2.0.0")
    promote(stand.host, tag)
    stand.engine.crash("relctl-svc-test-green")
    stand.engine.remove("relctl-svc-test-green")
    forget(stand, tag)
    with pytest.raises(NeedsPersonError, match="cannot be restarted") as raised:
        promote(stand.host, stand.proved("3.0.0"))
    assert "relctl rollback" in raised.value.hint
    rollback(stand.host, None)
    assert live(stand) == "1.0.0"


def test_a_lost_standby_does_not_block_what_comes_after(stand: Bench) -> None:
    first = stand.proved("1.0.0")
    promote(stand.host, first)
    promote(stand.host, stand.proved("2.0.0"))
    forget(stand, first)
    with pytest.raises(RolledBackError, match=r"v2\.0\.0-abc12de is live"):
        promote(stand.host, stand.proved("3.0.0", exits=True))
    assert (live(stand), standby(stand)) == ("2.0.0", "")
    assert stand.events()[-1] == "aborted"
    promote(stand.host, stand.proved("4.0.0"))
    assert live(stand) == "4.0.0"


def test_an_interrupted_promote_over_a_lost_standby_does_not_block_what_comes_after(stand: Bench) -> None:
    first = stand.proved("1.0.0")
    promote(stand.host, first)
    second = stand.proved("2.0.0")
    promote(stand.host, second)
    begin(stand, "3.0.0", start=True, point=False)
    forget(stand, first)
    assert promote(stand.host, second) is None
    assert (live(stand), standby(stand)) == ("2.0.0", "")


def forget(stand: Bench, tag: Tag) -> None:
    """Remove the image of a tag as `docker rmi --force` does: the container that uses it goes on."""
    stand.engine.forget(f"svc:{tag}")


def test_a_live_release_that_another_image_store_has_under_another_id_is_named(stand: Bench) -> None:
    tag = stand.proved("1.0.0")
    promote(stand.host, tag)
    stand.engine.remove(slot_container(stand.host.project, "blue"))
    forget(stand, tag)
    with pytest.raises(UsageError, match=r"the live image sha256:1\.0\.0 is gone from the engine") as raised:
        live_image(stand.host)
    assert raised.value.hint.startswith("relctl build it again")
    stand.engine.add(Image("sha256:again", (f"svc:{tag}",), {}, (), "", 1))
    with pytest.raises(UsageError) as raised:
        live_image(stand.host)
    assert raised.value.hint == f"the engine has {tag} as sha256:again: relctl verify TAG --against {tag}"


def test_while_the_pointer_cannot_be_moved_back_nothing_else_is_undone(
    stand: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(stand.host, stand.proved("1.0.0"))
    promote(stand.host, stand.proved("2.0.0"))
    third = stand.proved("3.0.0")
    move = stand.host.proxy.pointer.move

    def only_forward(route: str) -> float:
        if route == "green":
            raise OSError(errno.ENOSPC, "No space left on device", "live")
        return move(route)

    monkeypatch.setattr(stand.host.proxy.pointer, "move", only_forward)
    monkeypatch.setattr("relctl.rollout.switch.prove_through_proxy", refuse)
    with pytest.raises(NeedsPersonError, match="the pointer cannot be moved back: live: No space left"):
        promote(stand.host, third)
    assert live(stand) == "3.0.0"


def refuse(host: object, container: object) -> None:
    raise RelctlError("planted: it does not prove itself")


def test_an_interrupted_rollback_that_is_typed_again_does_not_roll_forward(stand: Bench) -> None:
    first = stand.proved("1.0.0")
    promote(stand.host, first)
    promote(stand.host, stand.proved("2.0.0"))
    move = Switch("rollback", str(first), "sha256:1.0.0", "blue", "green", "sha256:1.0.0", warm=True)
    stand.host.ledger.append(move.event("rolling-back"))
    stand.host.proxy.pointer.move("blue")
    moved = rollback(stand.host, None)
    assert moved is not None
    assert moved.tag == str(first)
    assert live(stand) == "1.0.0"
    assert stand.events()[-1] == "rolled-back"


def test_an_interrupted_promote_and_a_lost_pointer_are_both_put_in_order(stand: Bench) -> None:
    first, second = stand.proved("1.0.0"), stand.proved("2.0.0")
    promote(stand.host, first)
    promote(stand.host, second)
    begin(stand, "3.0.0", start=True, point=False)
    stand.host.paths.pointer.unlink()
    assert promote(stand.host, second) is None
    assert (live(stand), standby(stand)) == ("2.0.0", str(first))


def test_rollback_after_lives_container_was_removed_goes_to_the_release_before(stand: Bench) -> None:
    promote(stand.host, stand.proved("1.0.0"))
    promote(stand.host, stand.proved("2.0.0"))
    for slot in ("blue", "green"):
        stand.engine.remove(f"relctl-svc-test-{slot}")
    moved = rollback(stand.host, None)
    assert moved is not None
    assert (moved.tag[:6], moved.previous[:6]) == ("v1.0.0", "v2.0.0")
    assert live(stand) == "1.0.0"


@pytest.mark.parametrize("command", ["promote", "rollback"])
def test_an_interrupted_promote_is_kept_when_the_image_of_the_release_before_is_gone(
    stand: Bench, command: str
) -> None:
    first, second = stand.proved("1.0.0"), stand.proved("2.0.0")
    promote(stand.host, first)
    promote(stand.host, second)
    begin(stand, "3.0.0", start=True, point=True)
    stand.engine.fall_silent("relctl-svc-test-blue")
    stand.engine.remove("relctl-svc-test-green")
    stand.engine.remove_image("sha256:2.0.0")
    before = take_snapshot(stand.host).slots
    with pytest.raises(NeedsPersonError, match=r"cannot take over: image .* is gone from the engine"):
        rollback(stand.host, None) if command == "rollback" else promote(stand.host, first)
    assert take_snapshot(stand.host).slots == before
    assert take_snapshot(stand.host).pointer == "blue"


def test_an_environment_whose_addresses_changed_is_refused_while_something_is_live(stand: Bench) -> None:
    first = stand.proved("1.0.0")
    promote(stand.host, first)
    ports = Ports(blue=free_port(), green=free_port())
    network = stand.host.project.environment.network.model_copy(update={"publish": ports})
    moved = stand.host.project.environment.model_copy(update={"network": network})
    other = stand.with_project(environment=moved)
    for tag in (first, stand.proved("2.0.0")):
        with pytest.raises(UsageError, match="Nginx would lose the live release"):
            promote(other, tag)
    with pytest.raises(UsageError, match="Nginx would lose the live release"):
        up(other)
    assert live(stand) == "1.0.0"


def test_the_slots_of_another_checkout_are_not_touched(stand: Bench) -> None:
    promote(stand.host, stand.proved("1.0.0"))
    elsewhere = stand.folder / "other state"
    moved = stand.host.project.environment.model_copy(update={"state_dir": elsewhere})
    other = stand.with_project(environment=moved)
    for act in (lambda: rollback(other, None), lambda: down(other)):
        with pytest.raises(
            UsageError, match=f"belongs to the checkout whose state is in {stand.folder}/state"
        ):
            act()
    assert live(stand) == "1.0.0"


def test_the_slots_of_a_checkout_that_is_gone_may_be_taken_over(stand: Bench) -> None:
    promote(stand.host, stand.proved("1.0.0"))
    stand.host.proxy.down()
    elsewhere = stand.folder / "moved"
    stand.host.paths.state.rename(elsewhere)
    moved = stand.host.project.environment.model_copy(update={"state_dir": elsewhere})
    assert "relctl-svc-test-blue" in down(stand.with_project(environment=moved))
    assert take_snapshot(stand.with_project(environment=moved)).slots == {"blue": None, "green": None}


def test_releases_lead_to_their_reports_and_to_the_list_of_all(stand: Bench) -> None:
    stand.image("1.0.0")
    [before] = releases(stand.host)
    assert (before.report, before.reports) == ("", "")
    tag, folder = stand.proved("2.0.0"), stand.host.evidence.folder
    report = report_of(stand.host.evidence.path("sha256:2.0.0", stand.host.project.pipeline().checksum))
    report.write_text("the report")
    newest, other = releases(stand.host)
    assert (newest.tag, newest.report, newest.reports) == (str(tag), str(report), str(folder / "index.html"))
    assert (other.report, other.reports) == ("", newest.reports)


def test_releases_tell_evidence_and_where_they_run(stand: Bench) -> None:
    for version in ("1.0.0", "2.0.0"):
        promote(stand.host, stand.proved(version))
    stand.image("10.0.0")
    found = [(each.tag[:6], each.runs, each.evidence, each.retained) for each in releases(stand.host)]
    assert found == [
        ("v10.0.", "", "none", False),
        ("v2.0.0", "live", "pass", True),
        ("v1.0.0", "standby", "pass", True),
    ]
