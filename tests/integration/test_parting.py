"""A changed configuration reloads Nginx under load, and no request meets the close of its connection."""

from collections.abc import Iterator

import pytest

from client_load import Load, failed
from hosts import Bench
from relctl.rollout.ensure_proxy import up
from relctl.rollout.promote import promote
from relctl.rollout.rollback import rollback
from stands import FIRST, SECOND, second_is_live

CHANGED = {"client_timeout": 21.0}, {"client_timeout": 22.0}


@pytest.fixture
def stand() -> Iterator[Bench]:
    with second_is_live() as made:
        yield made


def test_clients_who_keep_their_connections_lose_nothing_by_reloads(stand: Bench) -> None:
    environment = stand.host.project.environment
    load = Load(stand.listen, "/translate", {"text": "x"}, connections=16, pause=0.0).start()
    load.wait_for(50, within=20)
    for number in range(6):
        proxy = environment.proxy.model_copy(update=CHANGED[number % 2])
        changed = stand.with_project(environment=environment.model_copy(update={"proxy": proxy}))
        assert up(changed) == "reloaded"
        load.wait_for(50, within=20)
    assert failed(load.stop()) == []
    assert not stand.host.paths.closing.exists()


def test_a_rollback_asks_nginx_where_it_listens_and_not_where_the_file_says(stand: Bench) -> None:
    environment = stand.host.project.environment
    elsewhere = environment.proxy.model_copy(update={"listen": ("127.0.0.1:1",)})
    host = stand.with_project(environment=environment.model_copy(update={"proxy": elsewhere}))
    moved = rollback(host, None)
    assert moved is not None
    assert moved.tag == str(FIRST)
    promote(stand.host, SECOND)
