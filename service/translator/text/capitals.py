"""Gives the first letter of an output the case that its place in the sentence asks for."""

import re

from translator.text.sentences import Piece

# Not before an accent, with which the capital might be another character.
_FIRST_WORD = re.compile(r"\W*+(?P<word>[A-Za-z](?![\u0300-\u036f])[A-Za-z0-9]*+)(?P<rest>(?:['’][a-z]+)?)")
_ASCII_WORD = re.compile(r"[A-Za-z0-9]+")
# Words that often begin what follows a comma, and are no names.
_FUNCTION_WORDS = """
a an the this that these those it he she we they you my your his her its our their there here
and but or so because if when while although though since as than then until unless
in on at for with by to from of after before about without during even just only also still
is are was were be been do does did has have had can could would should must let please
not no nobody nothing who whom whose what where how why which whether
all each every everyone everybody everything some someone something many most both one another
now today yesterday tomorrow maybe perhaps
"""
_COMMON = frozenset(_FUNCTION_WORDS.split())


def case_first_letter(piece: Piece, output: str) -> str:
    """A sentence begins with a capital, and the rest of a sentence that was cut does not.

    What the source spells itself (eBay, iPhone) stays as it is, and names keep their capital.
    """
    found = _FIRST_WORD.match(output)
    if not found or found["word"] in _ASCII_WORD.findall(piece.text):
        return output
    first = found.start("word")
    if piece.opens:
        return output[:first] + output[first].upper() + output[first + 1 :]
    if _is_common(found["word"], found["rest"]):
        return output[:first] + output[first].lower() + output[first + 1 :]
    return output


def _is_common(word: str, rest: str) -> bool:
    """Whether a word with a capital, such as It('s) or Don('t), is no name."""
    return word.istitle() and (word.lower() in _COMMON or rest.endswith("t"))
