"""A caller may name its request, in words that cannot do harm in a header or in a log."""

import re

import pytest

from translator.observe.exchange import choose_id


@pytest.mark.parametrize("sent", ["a", "Order-17.part_2", "0" * 64, "3f2504e0-4f89-41d3-9a0c-0305e82c3301"])
def test_an_id_of_plain_characters_is_kept(sent: str) -> None:
    assert choose_id(sent) == sent


@pytest.mark.parametrize(
    "sent",
    [
        None,
        "",
        "0" * 65,
        "x" * 100_000,
        "two words",
        "a\n",
        "a\r\nSet-Cookie: b",
        "a,b",
        "号",
        "a\0",
        "<b>",
        "٣",
    ],
)
def test_any_other_is_replaced_by_a_new_one(sent: str | None) -> None:
    first, second = choose_id(sent), choose_id(sent)
    assert re.fullmatch("[0-9a-f]{32}", first)
    assert first != second
