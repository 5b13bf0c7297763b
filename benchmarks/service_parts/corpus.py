"""Make thousands of distinct Chinese sentences out of the shop phrases, so that requests differ."""

import csv
import random
import re
from pathlib import Path

from scratch import ROOT

DATASETS = ROOT / "pipelines" / "datasets"
PAIR_LENGTHS = range(20, 30)  # characters
_PHRASES = (
    "这款(?P<thing>.+?)(?P<quality>..)、(?P<other>..)，适合(?P<use>.+)。",
    "这款(?P<material>纯棉|玻璃|塑料|羊毛|真皮|木质|陶瓷|丝绸|铝合金|不锈钢)(?P<thing>.+)(?P<quality>..)又(?P<other>..)。",
    "这个(?P<colour>.色)(?P<thing>.+)非常适合(?P<use>.+)。",
    "(?P<quality>..)的(?P<thing>.+)，适合(?P<use>.+)。",
    "你有(?P<colour>.色)的(?P<thing>.+)吗？",
    "请把(?P<colour>.色)的(?P<thing>.+)放进购物车。",
)
_SLOT = re.compile(r"\(\?P<(\w+)>.*?\)")


def dataset(name: str) -> list[tuple[str, str]]:
    """Return the pairs of source and reference of a dataset of this project."""
    return read_pairs(DATASETS / f"{name}.tsv")


def read_pairs(path: Path) -> list[tuple[str, str]]:
    """Return the pairs of source and reference of a table with these two columns."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [(row["source"], row["reference"]) for row in rows]


def sentences(number: int) -> list[str]:
    """Return distinct sentences of 6 to 20 characters, always the same: varied phrases of the shop."""
    words = _words([source for source, _ in dataset("shop")])
    draw = random.Random(1)
    found: dict[str, None] = {}
    while len(found) < number:
        phrase = draw.choice(_PHRASES)
        found[_SLOT.sub(lambda slot: draw.choice(words[slot[1]]), phrase)] = None
    return list(found)


def pairs(number: int) -> list[str]:
    """Return distinct sentences of PAIR_LENGTHS characters, always the same: two phrases each.

    Without a comma: there the service would cut them, and translate twice as many pieces as is compared.
    """
    draw = random.Random(2)
    clauses = sentences(5000)
    found: dict[str, None] = {}
    while len(found) < number:
        text = f"{draw.choice(clauses)[:-1]}和{draw.choice(clauses)}".replace("，", "、")
        if len(text) in PAIR_LENGTHS:
            found[text] = None
    return list(found)


def _words(sources: list[str]) -> dict[str, list[str]]:
    """Return the words that stand in each slot of the phrases."""
    found: dict[str, set[str]] = {}
    for phrase in _PHRASES:
        for match in filter(None, (re.fullmatch(phrase, source) for source in sources)):
            for slot, word in match.groupdict().items():
                found.setdefault(slot, set()).add(word)
    found["thing"] = {word for word in found["thing"] if len(word) <= 3}
    return {slot: sorted(words) for slot, words in found.items()}
