"""Tells the stop of an abbreviation from the one that ends a sentence."""

import re

# (Mr. Smith), Apple Inc., 8 a.m., the U.S. and the like, without their last stop. "No" is not among
# them, because it ends sentences too.
_WORDS = "Mr|Mrs|Ms|Dr|Prof|St|Mt|Jr|Sr|Inc|Ltd|Co|Corp|vs|etc|Etc|Ph\\.D"
_ABBREVIATION = re.compile(rf"(?<![A-Za-z.])(?:{_WORDS}|(?:[A-Za-z]\.)+[A-Za-z])\Z")
_NUMBER = re.compile(r"(?<![A-Za-z.])No\Z")
_LONGEST = 12  # characters that are looked at, so that a run of initials costs no more than others


def is_abbreviated(before: str) -> bool:
    """Whether the text before a stop ends with an abbreviation that the stop belongs to."""
    return _ABBREVIATION.search(before[-_LONGEST:]) is not None


def goes_on_after_stop(before: str) -> bool:
    """Whether a sentence goes on after a stop and a blank: Mr. Smith, No. 5, 8 a.m. 开会."""
    return is_abbreviated(before) or _NUMBER.search(before[-_LONGEST:]) is not None
