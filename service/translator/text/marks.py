"""Find what ends a sentence, and what stands in one without being language: addresses and emoji."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from translator.text.characters import HAN, has_han

# (Mr. Smith), Apple Inc., 8 a.m., the U.S. and the like, without their last stop. "No" is not among
# them, because it ends sentences too.
_WORDS = "Mr|Mrs|Ms|Dr|Prof|St|Mt|Jr|Sr|Inc|Ltd|Co|Corp|vs|etc|Etc|Ph\\.D"
_ABBREVIATION = re.compile(rf"(?<![A-Za-z.])(?:{_WORDS}|(?:[A-Za-z]\.)+[A-Za-z])\Z")
_NUMBER = re.compile(r"(?<![A-Za-z.])No\Z")
_LONGEST = 12  # characters that are looked at, so that a run of initials costs no more than others


def is_abbreviated(before: str) -> bool:
    """Return whether the text before a stop ends with an abbreviation that the stop belongs to."""
    return _ABBREVIATION.search(before[-_LONGEST:]) is not None


def goes_on_after_stop(before: str) -> bool:
    """Return whether a sentence goes on after a stop and a blank: Mr. Smith, No. 5, 8 a.m. 开会."""
    return is_abbreviated(before) or _NUMBER.search(before[-_LONGEST:]) is not None


CLOSERS = "”’」』）)]】》〉'"
TO_ENGLISH = str.maketrans("。｡．！？⋯，、；：（）【】“”‘’《》「」", '...!?…,,;:()[]""\'\'""""')
_OPENERS = "“‘「『（([【《〈<"
_PAUSES = "，,；;、：:"
_FULL_STOPS = frozenset("。！？｡")
_DOTS = frozenset(".．…⋯")
_CONTEXT = 20  # characters before a mark that help to tell what it is; no abbreviation has as many

_END = "[。！？｡!?.．…⋯]"
_CLOSER = f"[{re.escape(CLOSERS)}]"
_OPENER = f"[{re.escape(_OPENERS)}]"
# After a letter or a digit, Han characters go on with the sentence (见www.a.com吧); in a path they are
# part of the address, up to a blank, a mark of Chinese, or one of ASCII that others follow.
_PATH = rf"(?<=[/=&#_-])(?=[{HAN}])(?:[{HAN}]|[!-~](?<![!?,.:;)'\"])|[!?,.:;)'\"](?![{HAN}]))*"
_URL = rf"(?i:https?://|www\.)(?:[!-~]*{_PATH}[A-Za-z0-9/=#&_{HAN}-]|[!-~]*[A-Za-z0-9/=#&_-])"
_MAIL = r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]++@[A-Za-z0-9-]++(?:\.[A-Za-z0-9-]++)++"
_EMOJI = r"\u231a\u231b\u23e9-\u23fa\u2600-\u27bf\u2b50\u2b55\U0001f000-\U0001faff"
# Joiners, variation selectors, the keycap and the tags of flags belong to the emoji before them.
_EMOJIS = rf"(?:[{_EMOJI}]|[0-9#*]\ufe0f?\u20e3)[{_EMOJI}\u200d\ufe0e\ufe0f\u20e3\U000e0020-\U000e007f]*+"
_ATOM = rf"(?<!{_OPENER}){_OPENER}*+(?:{_URL}|{_MAIL}|{_EMOJIS})"
# A run of characters of one kind is matched, or passed over, as a whole: to try again from each of
# them would take a time that grows with the square of their number.
_EVENT = re.compile(rf"(?P<atom>{_ATOM})(?:{_END}|{_CLOSER}|[{_PAUSES}])*|{_END}+{_CLOSER}*")
# What numbers a line, or makes it an item of a list: 1. 2) （3） 4、 ① • - #
_MARKER = re.compile(
    r"[(（]?[0-9０-９]{1,3}(?:[)）]|[.．、](?![0-9０-９]))|[①-⒇]|[•·‣▪●○■◆◇]|(?:[-*+>]|#{1,6})(?=\s)"
)


@dataclass(frozen=True)
class Event:
    """A place where something ends: a sentence (`ends`), an atom, or both.

    An atom is an address or some emoji, with the punctuation around it. A model does not know them
    and says something else in their place, so they are kept.
    """

    start: int
    end: int
    atom: bool
    ends: bool


def find_marker(text: str, start: int, end: int) -> int:
    """Return where the marker at the beginning of a line ends; `start` when there is none."""
    marker = _MARKER.match(text, start, end)
    return marker.end() if marker else start


def find_events(text: str, start: int, end: int) -> Iterator[Event]:
    """Yield the atoms of a line, and the marks that may end its sentences, in order."""
    quotes, counted = 0, start
    for match in _EVENT.finditer(text, start, end):
        quotes, counted = quotes + text.count('"', counted, match.end()), match.end()
        stop = match.end()
        if quotes % 2 and text.startswith('"', stop, end):  # straight, so only counting tells it closes
            stop += 1
        atom = match["atom"] or ""
        first = match.start() + len(atom)
        before, after = text[max(first - _CONTEXT, start) : first], text[stop : min(stop + 1, end)]
        yield Event(match.start(), stop, bool(atom), _ends(text[first:stop], before, after))


def _ends(marks: str, before: str, after: str) -> bool:
    if after and after in _PAUSES:  # “好！”，他说
        return False
    if not _FULL_STOPS.isdisjoint(marks):
        return True
    if "!" in marks or "?" in marks:  # but not in ?key=value
        return not (after.isascii() and after.isalnum())
    if not after or after.isspace():  # but not after the number of an item
        return not _DOTS.isdisjoint(marks) and not (after and _goes_on(marks, before))
    # Elsewhere dots make 3.14, a.b.c and a hesitation... of somebody who goes on.
    return marks == "." and has_han(before[-1:]) and has_han(after)


def _goes_on(marks: str, before: str) -> bool:
    return before[-1:].isdigit() or (marks == "." and goes_on_after_stop(before))
