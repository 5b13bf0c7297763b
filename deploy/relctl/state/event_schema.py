"""The values allowed in an event's members: any other was written by another program or a bad disk."""

from collections.abc import Callable, Mapping
from typing import Any

SLOTS = ("blue", "green")

_MOVES = (
    "promoting",
    "rolling-back",
    "promoted",
    "rolled-back",
    "repaired",
)  # traffic and slots follow these
_NEEDED = ("slot", "image_id")
_TEXTS = (
    *("event", "tag", "image_id", "replaced", "evidence", "reason", "at", "by", "before"),
    *("forced", "unproved", "compared_with", "evidence_sha256", "until"),
)
_MOST = 1e12  # every amount; seconds since 1970 stay below it for 30,000 years
_AMOUNTS = ("observe", "since", "seconds", "switch_ms")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_truth(value: object) -> bool:
    return isinstance(value, bool)


def _is_slot(value: object) -> bool:
    return value in ("", *SLOTS)


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MOST


def _is_percent(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 100


def _are_texts(value: object) -> bool:
    return isinstance(value, dict) and all(map(_is_text, value.values()))


def _are_figures(value: object) -> bool:
    return isinstance(value, dict) and all(
        _is_text(each) if name == "gateway" else each is None or _is_amount(each)
        for name, each in value.items()
    )


def _is_place(value: object) -> bool:
    return (
        isinstance(value, dict)
        and all(map(_is_amount, (value.get("inode"), value.get("offset"))))
        and _is_text(value.get("head"))
    )


_RULES: dict[str, tuple[Callable[[object], bool], str]] = {
    **dict.fromkeys(_TEXTS, (_is_text, "text")),
    **dict.fromkeys(_AMOUNTS, (_is_amount, "a number that is not negative")),
    **dict.fromkeys(("slot", "from"), (_is_slot, " or ".join(SLOTS))),
    **dict.fromkeys(("warm", "accepted"), (_is_truth, "true or false")),
    "percent": (_is_percent, "a whole number from 1 to 100"),
    "off": (_are_texts, "gates by name, each with a reason"),
    "baseline": (_are_figures, "figures by name"),
    "log": (_is_place, "a place in the access log: inode, offset and head"),
}


def misfit(found: Mapping[str, Any]) -> str:
    """Describe the first member with a value that relctl does not write, "" if all are valid.

    `found` holds the members as in the file; unknown ones are ignored.
    """
    for name, value in found.items():
        fits, right = _RULES.get(name, (None, ""))
        if fits is not None and not fits(value):
            return f"{name} is {value!r}, and would be {right}"
    missing = [name for name in _NEEDED if found.get("event") in _MOVES and not found.get(name)]
    return f"{found['event']} without {missing[0]}" if missing else ""
