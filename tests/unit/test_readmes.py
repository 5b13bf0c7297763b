"""The README in Chinese is kept in step with the one in English: sections, commands, links, figures."""

import re
from collections import Counter
from dataclasses import dataclass

import pytest

from unit.test_documents import fences, headings, section, text

ENGLISH, CHINESE = "README.md", "README.zh-CN.md"
SECTIONS = [
    (one[1], other[1])
    for one, other in zip(list(headings(text(ENGLISH))), list(headings(text(CHINESE))), strict=True)
]


@dataclass(frozen=True)
class Told:
    """What a section says in every language alike."""

    commands: list[str]
    names: Counter[str]
    links: Counter[str]
    rows: int
    figures: Counter[str]


def told(document: str, title: str) -> Told:
    part = section(text(document), title)
    typed = [block for language, block in fences(part) if language == "sh"]
    prose = re.sub(r"^```.*?^```$", "", part, flags=re.S | re.M)
    links = re.findall(r"\]\((?!#)([^)]+)\)|<(http[^>]+)>", prose)
    plain = re.sub(r"\]\([^)]*\)|`[^`]*`|<[^>]*>|2026 年 11 月 30 日|30 November 2026", "", prose)
    return Told(
        commands=[re.sub(r"\s+# .*", "", line) for block in typed for line in block.splitlines()],
        names=Counter(re.findall(r"`([^`]+)`", prose)),
        links=Counter(one or other for one, other in links) - Counter(["README.md", "README.zh-CN.md"]),
        rows=len(re.findall(r"^\|", prose, re.M)),
        figures=Counter(re.findall(r"\d+(?:[.,]\d+)*", plain)) - Counter(["4.8", "480"]),  # million, 万
    )


def test_both_have_the_same_sections() -> None:
    levels = [[level for level, _, _ in headings(text(name))] for name in (ENGLISH, CHINESE)]
    assert levels[0] == levels[1]
    assert len(SECTIONS) > 5


@pytest.mark.parametrize(("english", "chinese"), SECTIONS[1:], ids=[one for one, _ in SECTIONS[1:]])
def test_each_section_says_the_same(english: str, chinese: str) -> None:
    assert told(CHINESE, chinese) == told(ENGLISH, english)


def test_each_leads_to_the_other() -> None:
    assert f"]({CHINESE})" in text(ENGLISH)
    assert f"]({ENGLISH})" in text(CHINESE)
