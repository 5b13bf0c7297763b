"""Each slot's own: two slots may hold releases whose contracts, and ports, differ."""

from pathlib import Path

import pytest

from hosts import Bench
from nginx_text import Block, parse
from relctl.config.versions import Contract
from relctl.proxy.proxy import Proxy
from relctl.proxy.render import prefix, render
from relctl.proxy.upstream import Upstream, is_marked, of_the_folder

PREFIX = prefix("svc", "test")


@pytest.fixture
def stand(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def told(stand: Bench, **contracts: Contract) -> Block:
    """What Nginx is told of two slots, each at the port of its contract."""
    slots = {
        slot: Upstream(f"192.0.2.{number}:{contract.port}", contract)
        for number, (slot, contract) in enumerate(contracts.items(), 2)
    }
    return parse(render(stand.host.project, stand.host.paths, "", slots)).within("http")


def test_each_slot_is_reached_at_its_own_address(stand: Bench) -> None:
    http = told(stand, blue=Contract(port=8000), green=Contract(port=9000))
    for slot, address in (("blue", "192.0.2.2:8000"), ("green", "192.0.2.3:9000")):
        assert http.within("upstream", f"{PREFIX}_{slot}").all("server")[0].startswith(f"{address} ")


def test_each_slot_has_its_own_keep_alive_replay_rule_and_private_paths(stand: Bench) -> None:
    http = told(
        stand,
        blue=Contract(port=1, keep_alive="1s", idempotent="replay", ready="/up?full=1"),
        green=Contract(port=2, keep_alive="0s", idempotent=True, ready="/health.z", live="/"),
    )
    assert http.within("upstream", f"{PREFIX}_blue").one("keepalive_timeout") == "500ms"
    assert http.within("upstream", f"{PREFIX}_green").all("keepalive_timeout") == []
    decided = http.within("map", f"${PREFIX}_pool:$upstream_bytes_sent").told()
    assert [key for key in decided if key.startswith(("~^blue", "~^green"))] == ["~^blue:[0-9]+$"]
    hidden = http.within("map", "$uri").told()
    assert {"/up", "~^/up[/;]", "/health.z", "~^/health\\\\.z[/;]"} <= hidden.keys()
    assert "/" not in hidden, "who is probed by its front page still has one"


def test_a_text_says_for_which_releases_it_was_made(stand: Bench) -> None:
    slots = of_the_folder(stand.host.project)
    text = render(stand.host.project, stand.host.paths, "", slots)
    assert is_marked(text, "blue", slots["blue"])
    assert not is_marked(text, "blue", slots["green"])
    assert not is_marked(f"{text}# a line of another hand\n", "blue", slots["blue"])


def test_without_slots_of_their_own_both_are_the_folder_s(stand: Bench) -> None:
    project, paths = stand.host.project, stand.host.paths
    assert render(project, paths, "") == render(project, paths, "", of_the_folder(project))


def test_the_door_asks_for_the_slots_whenever_it_makes_a_text(stand: Bench) -> None:
    found = of_the_folder(stand.host.project)
    proxy = Proxy(stand.host.project, stand.host.paths, lambda: found)
    text = proxy.text()
    found["green"] = Upstream("192.0.2.9:9000", Contract(port=9000))
    assert "192.0.2.9:9000" not in text
    assert "192.0.2.9:9000" in proxy.text()
