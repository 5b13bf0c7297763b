"""Data sets: a table that is none is refused with file and line."""

from pathlib import Path

import pytest

from relctl.config.document import contents
from relctl.config.pipeline import DataSet, parse_data_set
from relctl.errors import ConfigError
from scratch import ROOT

GOOD = "source\treference\n你好。\tHello.\n再见。\tGoodbye.\n"


def load(path: Path) -> DataSet:
    return parse_data_set(path, contents(path))


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "data.tsv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_table_is_read_whatever_the_order_of_its_columns(tmp_path: Path) -> None:
    first = load(written(tmp_path, GOOD))
    assert (first.name, first.sources, first.references) == (
        "data",
        ("你好。", "再见。"),
        ("Hello.", "Goodbye."),
    )
    turned = load(written(tmp_path, "note\treference\tsource\nx\tHello.\t你好。\n"))
    assert (turned.sources, turned.references) == (("你好。",), ("Hello.",))
    assert turned.sha256 != first.sha256


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_line_ends_of_either_kind_are_no_part_of_a_sentence(tmp_path: Path, ending: str) -> None:
    assert load(written(tmp_path, GOOD.replace("\n", ending))).references == ("Hello.", "Goodbye.")


def test_only_a_line_feed_ends_a_row(tmp_path: Path) -> None:
    cell = "你\u2028好\u0085吗\x0b\x0c\x1c\r。"
    assert load(written(tmp_path, f"source\treference\n{cell}\tHello.\n")).sources == (cell,)


def test_a_mark_before_the_heading_is_no_part_of_it(tmp_path: Path) -> None:
    assert load(written(tmp_path, "\ufeff" + GOOD)).sources == ("你好。", "再见。")


def test_a_sentence_may_be_long_and_hold_quotes(tmp_path: Path) -> None:
    long = "好" * 200_000
    found = load(written(tmp_path, f'source\treference\n{long}\tGood.\n"你好\t"Hello\n'))
    assert found.sources == (long, '"你好')
    assert found.references == ("Good.", '"Hello')


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "data.tsv:1: has no column source and no column reference"),
        ("source\ttarget\n你好\tHello\n", "data.tsv:1: has no column reference; found"),
        ("source\treference\tsource\na\tb\tc\n", "data.tsv:1: has 2 columns source; name each once"),
        ("source\treference\n", "data.tsv:1: has no rows below its heading"),
        ("source\treference", "data.tsv:1: has no rows below its heading"),
        (GOOD + "谢谢\n", "data.tsv:4: has 1 cells instead of 2"),
        (GOOD + "谢谢\t \n", "data.tsv:4: its reference is empty"),
        (GOOD + "\tThanks\n", "data.tsv:4: its source is empty"),
        (GOOD + "谢谢\u2028\tThanks\u2028\n\tx\n", "data.tsv:5: its source is empty"),
        (GOOD + "谢谢\tThanks\tmore\n", "data.tsv:4: has 3 cells instead of 2"),
        (GOOD + "\n", "data.tsv:4: has 1 cells instead of 2"),
        (GOOD.encode() + b"\xff\xfe\tx\n", "data.tsv:4: is not UTF-8"),
        (b"\xef\xbb\xbf" + GOOD.encode() + b"\xff", "data.tsv:4: is not UTF-8"),
    ],
)
def test_what_is_no_data_set_is_named_with_its_line(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        load(written(tmp_path, content))
    assert message in raised.value.message


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.tsv: there is no such file"):
        load(tmp_path / "none.tsv")


def test_a_sample_is_spread_over_all_rows_and_always_the_same() -> None:
    shop = load(ROOT / "pipelines" / "datasets" / "shop.tsv")
    sample = shop.sample(300)
    assert len(sample.sources) == len(set(sample.sources)) == 300
    assert sample.sources[0] == shop.sources[0]
    assert sample.sources[-1] == shop.sources[299 * len(shop.sources) // 300]
    assert sample == shop.sample(300)
    assert shop.sample(None) is shop.sample(10**6) is shop
    assert sample.sha256 == shop.sha256
