"""Knows what is answered without a thread while every thread has a request in hand.

A pool takes any number of requests and lets them wait, where no limit sees them and no deadline runs.
With a thread each, a service at twice its capacity answered everything, seven seconds late.
"""

from contextvars import ContextVar

# Whether a request is being answered like this: work is refused then, whatever the queue has room for.
crowded: ContextVar[bool] = ContextVar("crowded", default=False)

# As much of a request as is looked at; what is larger waits for a thread.
LOOKED_AT = 16 * 1024

WORK = frozenset({"/translate", "/batch", "/v2/translate"})
_AT_ONCE = frozenset({b"GET /livez", b"GET /readyz"} | {f"POST {path}".encode() for path in WORK})
_UNTOLD = (b"transfer-encoding:", b"expect:")
_LENGTH = b"content-length:"
_LONGEST_LENGTH = 9  # digits; Python refuses to read thousands of them


def find_size(data: bytes) -> int | None:
    """The bytes of the request that `data` begins, at least: no more than have arrived, when it is whole.

    None for a request that needs a thread.
    """
    head, end, _ = data.partition(b"\r\n\r\n")
    line, *fields = head.split(b"\r\n")
    names = [field.lower() for field in fields]
    if b"\r\n" not in data and 0 < len(data) < LOOKED_AT:
        return len(data) + 1  # not even the first line is whole
    known = line.rpartition(b" ")[0].partition(b"?")[0] in _AT_ONCE
    if not known or any(name.startswith(_UNTOLD) for name in names):
        return None
    if not end:
        return len(data) + 1
    lengths = [name.removeprefix(_LENGTH).strip() for name in names if name.startswith(_LENGTH)]
    if not all(length.isdigit() and len(length) <= _LONGEST_LENGTH for length in lengths):
        return None
    size = len(head) + len(end) + max(map(int, lengths), default=0)
    return size if size <= LOOKED_AT else None
