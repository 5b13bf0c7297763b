"""What the pointer may lead to, by its name."""

from pathlib import Path

import pytest

from relctl.proxy.pointer import Canary, canaries, canary, main_slot, newcomer


@pytest.mark.parametrize(
    ("route", "main", "new"),
    [
        ("blue", "blue", "blue"),
        ("green", "green", "green"),
        ("green-05", "blue", "green"),
        ("blue-50", "green", "blue"),
        ("", "", ""),
        ("none", "", ""),
        ("green-5", "", ""),
        ("green-00", "", ""),
        ("green-100", "", ""),
        ("red-05", "", ""),
        ("green-05x", "", ""),
    ],
)
def test_a_route_says_who_has_the_traffic_and_who_is_new(route: str, main: str, new: str) -> None:
    assert (main_slot(route), newcomer(route)) == (main, new)


def test_the_name_of_a_canary_is_read_as_it_is_written() -> None:
    assert all(
        canary(Canary(slot, n).name) == Canary(slot, n) for slot in ("blue", "green") for n in range(1, 100)
    )


def test_nginx_knows_the_usual_steps_the_policys_and_every_route_that_has_a_folder(tmp_path: Path) -> None:
    for name in ("blue", "green", "none", "green-07", "something-else"):
        (tmp_path / name).mkdir()
    found = {each.name for each in canaries((13,), tmp_path)}
    usual = {each.name for each in canaries((), tmp_path / "missing")}
    assert {"blue-01", "blue-05", "green-25", "green-50"} < usual
    assert found - usual == {"blue-13", "green-13", "green-07"}
