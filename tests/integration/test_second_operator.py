"""Root, and a user of the group that the state is shared with: each goes on with what the other did."""

import os
from collections.abc import Iterator

import pytest

from hosts import Bench, bench
from relctl.proxy.proxy import ProxyState
from relctl.rollout.promote import promote
from relctl.rollout.rollback import rollback
from relctl.rollout.status import status
from second_user import SHARED, as_nobody, needs_root
from stands import FIRST, SECOND, THIRD, no_request_may_fail

pytestmark = needs_root


@pytest.fixture
def stand() -> Iterator[Bench]:
    """Root has promoted 1 and 2, in a state directory that a group shares; Nginx is root's."""
    with bench() as made:
        state = made.host.paths.state
        state.mkdir()
        shared(made)
        for tag in (FIRST, SECOND):
            promote(made.host, made.proved(tag.version))
        made.proved(THIRD.version)
        yield made


def shared(stand: Bench) -> None:

    os.chown(stand.host.paths.state, 0, SHARED)
    stand.host.paths.state.chmod(0o2775)


def live(stand: Bench) -> str:
    found = status(stand.host).live
    return found.tag if found else ""


def test_they_go_back_and_forth_and_no_request_fails(stand: Bench) -> None:
    with no_request_may_fail(stand):
        assert as_nobody(lambda: rollback(stand.host, None, "wrong prices"), SHARED).startswith(
            "SwitchResult("
        )
        assert live(stand) == str(FIRST)
        rollback(stand.host, None)
        assert live(stand) == str(SECOND)
        assert as_nobody(lambda: rollback(stand.host, FIRST), SHARED).startswith("SwitchResult(")
    assert live(stand) == str(FIRST)
    assert status(stand.host).drift == []
    by = [
        event.by.partition("@")[0]
        for event in stand.host.ledger.read().events
        if event.event == "rolled-back"
    ]
    assert by == ["nobody", "root", "nobody"]


def test_the_configuration_of_a_nginx_that_root_started_is_the_same_for_both(stand: Bench) -> None:
    def look() -> bool:
        found: ProxyState = stand.host.proxy.state()
        return found.current and found.running

    assert as_nobody(look, SHARED) == "True"
    assert as_nobody(lambda: stand.host.proxy.apply(), SHARED) == "none"


def test_a_stranger_is_refused_in_words_and_nothing_moves(stand: Bench) -> None:
    said = as_nobody(lambda: rollback(stand.host, None))
    assert said.startswith(f"FileError: {stand.host.paths.lock}: Permission denied for nobody")
    assert "sudo sh -c" in said
    assert live(stand) == str(SECOND)


def test_a_new_configuration_is_for_who_started_nginx_and_nothing_is_changed(stand: Bench) -> None:
    template = stand.folder / "nginx" / "service.conf.j2"
    template.write_text("# another text\n" + template.read_text())
    before = stand.host.proxy.config.read_text()
    said = as_nobody(lambda: stand.host.proxy.apply(), SHARED)
    assert "belongs to root: sudo -u root relctl proxy up" in said
    assert stand.host.proxy.config.read_text() == before
    assert stand.host.proxy.apply() == "reloaded"
