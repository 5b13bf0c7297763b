"""Group milliseconds into columns: exact when small, to three digits when large."""

_EXACT = 1_000  # milliseconds below which each has a column of its own


def column_width(milliseconds: int) -> int:
    """Return how many milliseconds share a column, so that three digits are kept."""
    width = 1
    while milliseconds // width >= _EXACT:
        width *= 10
    return width


def column(milliseconds: int) -> int:
    """Return the first of the milliseconds in the same column."""
    width = column_width(milliseconds)
    return milliseconds // width * width
