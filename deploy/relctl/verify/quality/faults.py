"""Faults of single translations that a corpus score forgives, and a reader does not."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

from relctl.config.gates import Fault

# What tokenizers write for themselves: SentencePiece ("▁", "⁇"), BERT ("[UNK]"), T5 ("<extra_id_0>"), GPT
# ("<|endoftext|>"), Marian's languages (">>eng<<"), subword-nmt ("@@"); and a sign that no one could decode.
_SPECIAL = re.compile(
    r"</?(?:s|unk|pad|bos|eos|mask|cls|sep|blank|extra_id_\d+)>|<\|[^<>|\s]+\|>"
    r"|\[(?:unk|pad|bos|eos|mask|cls|sep)\]|>>\w{2,12}<<|\w@@(?!\S)|[▁⁇�]",
    re.IGNORECASE,
)
# What may stand between two repeats; a hyphen joins what is one word ("cha-cha-cha").
_BETWEEN = r"\W*[^\w-]"
_LOOPS = (
    # The same words three times in a row; a repetition of two is often meant ("bye-bye"), and one of
    # words as short as "no" may be up to four times.
    rf"(?<!\w)(\w.{{1,198}}?\w)(?:{_BETWEEN}\1){{2,}}(?!\w)",
    rf"(?<!\w)(\w{{1,2}})(?:{_BETWEEN}\1){{4,}}(?!\w)",
    # Within a word: four letters three times, fewer five times ("hahahaha" may be meant), one sign a dozen,
    # except the zeros of a large number.
    r"((?:[^\W\d]|-){4,40}?)\1{2,}",
    r"((?:[^\W\d]|-){2,3})\1{4,}",
    r"([^\s0])(?:\s*\1){11,}",
)
_LOOP = [re.compile(pattern, re.IGNORECASE | re.DOTALL) for pattern in _LOOPS]
_LOOKED_AT = 2_000  # characters
_THOUSANDS = re.compile(r"(?<![\d.])\d{1,3}(?:[,，]\d{3})+(?!\d)")
_LENGTHS = (0.3, 3.0)  # characters of a translation, as parts of those of its reference


def _is_empty(_source: str, translation: str, _reference: str) -> bool:
    return not translation.strip()


def _has_special(source: str, translation: str, _reference: str) -> bool:
    """Whether a token stands in it that the source does not quote."""
    return any(token not in source for token in _SPECIAL.findall(translation))


def _loops(_source: str, translation: str, reference: str) -> bool:
    """Whether it repeats itself, and the reference does not ("Run! Run! Run!")."""
    return _repeats(translation) and not _repeats(reference)


def _repeats(text: str) -> bool:
    """Of an answer without end the beginning tells; looking takes longer than its length grows."""
    return any(loop.search(text[:_LOOKED_AT]) for loop in _LOOP)


def _is_odd_length(_source: str, translation: str, reference: str) -> bool:
    least, most = _LENGTHS
    return not least <= len(translation) / len(reference) <= most


def _loses_numbers(source: str, translation: str, reference: str) -> bool:
    """Whether a number of the source is in the translation less often than source and reference have it."""
    wanted = _numbers(source) & _numbers(reference)
    return not wanted <= _numbers(translation)


def _numbers(text: str) -> Counter[str]:
    """How often each number stands in it, whatever its digits ("３００") and with no commas ("3,000")."""
    plain = "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in text)
    joined = _THOUSANDS.sub(lambda number: re.sub("[,，]", "", number[0]), plain)
    return Counter(re.findall(r"\d+", joined))


_FAULTS: dict[Fault, Callable[[str, str, str], bool]] = {
    "empty": _is_empty,
    "special": _has_special,
    "loop": _loops,
    "length": _is_odd_length,
    "numbers": _loses_numbers,
}


def find(source: str, translation: str, reference: str) -> list[Fault]:
    """The faults of one translation, none for one without."""
    return [name for name, is_fault in _FAULTS.items() if is_fault(source, translation, reference)]


def count(rows: Sequence[tuple[str, str, str]]) -> dict[Fault, int]:
    """How many translations have each fault; `rows`: source, translation, reference."""
    found = Counter(fault for row in rows for fault in find(*row))
    return {name: found[name] for name in _FAULTS}
