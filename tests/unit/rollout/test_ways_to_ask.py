"""Who answers users is asked in each way in which one of the releases has to be asked."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hosts import Bench
from relctl.config.versions import Contract
from relctl.engine.protocol import Container
from relctl.probe.service import Service, UnreachableError
from relctl.rollout import failover

HOST = {"Host": "shop.example"}


class Wants(Service):
    """Who answers only to one Host, and only at one path."""

    def info(self, _within: float = 5.0) -> dict[str, Any]:
        if (self.contract.info, self.contract.probe_headers) != ("/version", HOST):
            raise UnreachableError(f"{self.contract.info} answers 400")
        return {"tag": "live"}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_releases_with_one_path_and_other_headers_are_each_asked_in_their_way(
    tmp_path: Path, order: tuple[int, ...]
) -> None:
    stand, containers = Bench(tmp_path), list[Container | None]()
    contracts: list[dict[str, Any]] = [{"probe_headers": HOST}, {}, {"info": "/info", "probe_headers": HOST}]
    for number in order:
        stand.image(f"{number}.0.0")
        stand.contract(f"{number}.0.0", **contracts[number])
        image = stand.engine.image(f"sha256:{number}.0.0")
        assert image is not None
        containers.append(Container("c", image.id, image.labels, True, 0, 0, "127.0.0.1:1"))

    def ask(address: str, contract: Contract) -> Service:
        return Wants(address, contract)

    found = failover.ask(replace(stand.host, ask=ask), *containers)
    assert (found.tag, found.problem) == ("live", "")
