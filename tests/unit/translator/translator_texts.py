"""Texts of the kinds that break pipelines: strategies for properties, and long runs of one thing."""

from hypothesis import settings
from hypothesis import strategies as st

# Seconds: for all these runs, a step that is linear needs a few; for some of them, a step whose time
# grows with the square of the length needs minutes.
PATIENCE = 60
LENGTH = 300_000

thorough = settings(max_examples=200, deadline=None, derandomize=True)

_CHINESE = "你好汤。！？，；、…：“”‘’（）\u3000"
_ASCII = ".!?, \n\r\t\"'()1359aZeiItT/:@-_<>%|\\"
_STRANGE = "😀🎉\u200d\ufe0f\u0301\u0307\u2028\x85\x0bßé"
texts = st.text(alphabet=_CHINESE + _ASCII + _STRANGE, max_size=120) | st.text(max_size=60)

_CHARACTERS = "。!.…, \"'“(<1你@/-😀\u0301"
_GROUPS = [
    "!a",
    "a@",
    "www.",
    "http://!",
    "(😀",
    '。"',
    "你.",
    "<<s>s>",
    "▁",
    " .",
    "( ",
    "1、",
    "\u0301\u0316",
    "好\n",
    "|你",
    "\t ",
    "http://好",
    "=好",
    "a.",
    "Mr. ",
    "你 ",
]
RUNS = [character * LENGTH for character in _CHARACTERS]
RUNS += [group * (LENGTH // 12) for group in _GROUPS]
# An end that does not fit makes a search go back over the run, if it can.
RUNS += ["好" + character * (LENGTH - 3) + "a好" for character in _CHARACTERS]
