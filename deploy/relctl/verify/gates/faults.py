"""Find faults of translations, for gate `quality`, that a corpus score forgives and a reader does not."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

from relctl.config.gates import Fault

# Tokenizers' special tokens: SentencePiece ("▁", "⁇"), BERT ("[UNK]"), T5 ("<extra_id_0>"), GPT
# ("<|endoftext|>"), Marian's languages (">>eng<<"), subword-nmt ("@@"); and the replacement character.
_SPECIAL = re.compile(
    r"</?(?:s|unk|pad|bos|eos|mask|cls|sep|blank|extra_id_\d+)>|<\|[^<>|\s]+\|>"
    r"|\[(?:unk|pad|bos|eos|mask|cls|sep)\]|>>\w{2,12}<<|\w@@(?!\S)|[▁⁇�]",
    re.IGNORECASE,
)
# What may separate two repeats; a hyphen joins one word ("cha-cha-cha").
_BETWEEN = r"\W*[^\w-]"
_LOOPS = (
    # The same words three times in a row; two are often intended ("bye-bye"), and words as short as "no" may
    # occur up to four times.
    rf"(?<!\w)(\w.{{1,198}}?\w)(?:{_BETWEEN}\1){{2,}}(?!\w)",
    rf"(?<!\w)(\w{{1,2}})(?:{_BETWEEN}\1){{4,}}(?!\w)",
    # Within a word: four letters three times, fewer letters five times ("hahahaha" may be intended), one
    # character a dozen times, except the zeros of a large number.
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
    """Return whether it contains a special token that the source does not."""
    return any(token not in source for token in _SPECIAL.findall(translation))


def _loops(_source: str, translation: str, reference: str) -> bool:
    """Return whether it repeats itself while the reference does not ("Run! Run! Run!")."""
    return _repeats(translation) and not _repeats(reference)


def _repeats(text: str) -> bool:
    """Return whether the beginning repeats itself: searching takes more than linear time."""
    return any(loop.search(text[:_LOOKED_AT]) for loop in _LOOP)


def _is_odd_length(_source: str, translation: str, reference: str) -> bool:
    least, most = _LENGTHS
    return not least <= len(translation) / len(reference) <= most


def _loses_numbers(source: str, translation: str, reference: str) -> bool:
    """Return whether it has a number of the source less often than source and reference have it."""
    wanted = _numbers(source) & _numbers(reference)
    return not wanted <= _numbers(translation)


def _numbers(text: str) -> Counter[str]:
    """Count each number, whatever its digits ("３００") and without commas ("3,000")."""
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
    """Return the faults of one translation."""
    return [name for name, is_fault in _FAULTS.items() if is_fault(source, translation, reference)]


def count(rows: Sequence[tuple[str, str, str]]) -> dict[Fault, int]:
    """Return how many translations have each fault; `rows`: source, translation, reference."""
    found = Counter(fault for row in rows for fault in find(*row))
    return {name: found[name] for name in _FAULTS}
