"""Holds: an image goes with the last environment that needs it, whatever the order of things."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from hosts import Bench, bench
from memory_engine import MemoryEngine
from relctl.config.project import Project
from relctl.engine.leases import hold_image, let_go, names, resolve, shares_state
from relctl.engine.protocol import Image
from relctl.errors import EngineError
from relctl.tag import Tag


@pytest.fixture
def stand() -> Iterator[Bench]:
    with bench() as made:
        yield made


def other(stand: Bench, name: str = "other", state: str = "state") -> Project:
    """The same project in an environment of another name, or with another state directory."""
    project = stand.host.project
    settings = project.environment.model_copy(update={"state_dir": stand.folder / state})
    return replace(project, name=name, environment=settings)


def image(stand: Bench, tag: Tag) -> Image:
    found = stand.engine.image(f"sha256:{tag.version}")
    assert found is not None
    return found


@pytest.mark.parametrize(("name", "state"), [("other", "state"), ("test", "elsewhere")])
def test_an_image_stays_until_the_last_environment_lets_go(stand: Bench, name: str, state: str) -> None:
    tag, here, there = stand.image("1.0.0"), stand.host.project, other(stand, name, state)
    for project in (here, there):
        for _ in range(2):
            hold_image(project, stand.engine, image(stand, tag), tag)
        assert len(names(project, image(stand, tag)).own) == 1
    left = let_go(here, stand.engine, image(stand, tag))
    assert left is not None
    assert left.others == names(there, image(stand, tag)).own
    assert f"held by svc-{name}-" in left.holders
    assert resolve(there, stand.engine, tag).id == "sha256:1.0.0"
    assert let_go(there, stand.engine, image(stand, tag)) is None
    assert stand.engine.images("io.relctl.service") == []


def test_a_name_that_somebody_gave_keeps_an_image(stand: Bench) -> None:
    tag = stand.image("1.0.0")
    stand.engine.name_image("sha256:1.0.0", "mine:keep")
    hold_image(stand.host.project, stand.engine, image(stand, tag), tag)
    left = let_go(stand.host.project, stand.engine, image(stand, tag))
    assert left is not None
    assert left.holders == "also named mine:keep"
    assert set(image(stand, tag).tags) == {f"svc:{tag}", "mine:keep"}


def test_a_release_is_found_by_its_hold_when_its_name_was_removed_by_hand(stand: Bench) -> None:
    tag = stand.image("1.0.0")
    hold_image(stand.host.project, stand.engine, image(stand, tag), tag)
    stand.engine.remove_image(f"svc:{tag}")
    assert resolve(stand.host.project, stand.engine, tag).id == "sha256:1.0.0"


def test_it_is_known_who_shares_a_state_directory(stand: Bench) -> None:
    tag, here = stand.image("1.0.0"), stand.host.project
    for project in (beside := other(stand), away := other(stand, "away", "elsewhere")):
        hold_image(project, stand.engine, image(stand, tag), tag)
    assert [shares_state(here, name) for name in names(beside, image(stand, tag)).own] == [True]
    assert [shares_state(here, name) for name in names(away, image(stand, tag)).own] == [False]
    assert not shares_state(here, f"svc:{tag}")


class Meddling(MemoryEngine):
    """An engine in which something happens just before the first name is removed."""

    meddle: Callable[[], object] | None = None

    def remove_image(self, reference: str) -> None:
        meddle, self.meddle = self.meddle, None
        if meddle:
            meddle()
        super().remove_image(reference)


def meddling(stand: Bench, tag: Tag) -> Meddling:
    engine = Meddling()
    engine.add(image(stand, tag))
    return engine


def test_two_that_let_go_at_once_leave_no_image_that_nobody_holds(stand: Bench) -> None:
    tag, here, there = stand.image("1.0.0"), stand.host.project, other(stand)
    engine = meddling(stand, tag)
    for project in (here, there):
        hold_image(project, engine, engine.images("io.relctl.service")[0], tag)
    [seen] = engine.images("io.relctl.service")
    engine.meddle = lambda: let_go(there, engine, seen)
    assert let_go(here, engine, seen) is None
    assert engine.images("io.relctl.service") == []


def test_an_image_that_another_takes_while_it_is_let_go_stays(stand: Bench) -> None:
    tag, here, there = stand.image("1.0.0"), stand.host.project, other(stand)
    engine = meddling(stand, tag)
    hold_image(here, engine, engine.images("io.relctl.service")[0], tag)
    [seen] = engine.images("io.relctl.service")
    engine.meddle = lambda: hold_image(there, engine, seen, tag)
    let_go(here, engine, seen)
    assert resolve(there, engine, tag).id == "sha256:1.0.0"


def test_one_that_is_killed_in_between_leaves_an_image_that_is_held(stand: Bench) -> None:
    tag, here = stand.image("1.0.0"), stand.host.project
    engine = meddling(stand, tag)
    hold_image(here, engine, engine.images("io.relctl.service")[0], tag)
    [seen] = engine.images("io.relctl.service")
    removed: list[str] = []

    def die_at_the_second() -> None:
        engine.meddle = fail
        removed.append("first")

    def fail() -> None:
        raise EngineError("the engine does not answer any more")

    engine.meddle = die_at_the_second
    with pytest.raises(EngineError):
        let_go(here, engine, seen)
    assert removed == ["first"]
    [left] = engine.images("io.relctl.service")
    assert names(here, left).own
    assert let_go(here, engine, left) is None
    assert engine.images("io.relctl.service") == []
