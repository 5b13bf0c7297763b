"""How milliseconds are counted: each on its own, and the large ones so that three digits are kept."""

_EXACT = 1_000  # milliseconds below which each has a column of its own


def column_width(milliseconds: int) -> int:
    """How many milliseconds are counted together, so that three digits are kept."""
    width = 1
    while milliseconds // width >= _EXACT:
        width *= 10
    return width


def column(milliseconds: int) -> int:
    """The first of the milliseconds that are counted together with these."""
    width = column_width(milliseconds)
    return milliseconds // width * width
