"""Encode requests in advance, and decode as little of the answers as needed."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

_HEAD = (
    "POST {path} HTTP/1.1\r\n"
    "Host: 127.0.0.1\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: {length}\r\n\r\n"
)
_END_OF_HEAD = b"\r\n\r\n"


class Answer(NamedTuple):
    """A status, 0 for a connection that broke; whether Retry-After is there; whether it stays open."""

    status: int
    body: bytes
    retry_after: bool
    keeps: bool


BROKEN = Answer(0, b"", False, False)


def translate(text: str) -> bytes:
    """Return the request for the translation of one text."""
    return _post("/translate", {"text": text})


def batch(texts: Sequence[str]) -> bytes:
    """Return the request for the translations of many texts; their ids are their positions."""
    return _post("/batch", [{"id": str(number), "text": text} for number, text in enumerate(texts)])


def _post(path: str, document: object) -> bytes:
    body = json.dumps(document, ensure_ascii=False).encode()
    return _HEAD.format(path=path, length=len(body)).encode() + body


def read(received: bytes | bytearray) -> Answer | None:
    """Return the answer, once all of it has come. Raises ValueError when it has no Content-Length."""
    head_end = received.find(_END_OF_HEAD)
    if head_end < 0:
        return None
    head = bytes(received[: head_end + 2]).lower()
    body = received[head_end + 4 :]
    if len(body) < int(_header(head, b"content-length")):
        return None
    status = int(head[9:12])
    return Answer(status, bytes(body), b"\r\nretry-after:" in head, b"\r\nconnection: close" not in head)


def _header(head: bytes, name: bytes) -> bytes:
    return head.partition(b"\r\n" + name + b":")[2].partition(b"\r\n")[0]


def translation(body: bytes) -> str | None:
    """Return the translation in the body of an answer; None when there is none."""
    try:
        document: Any = json.loads(body)
    except ValueError:
        return None
    found = document.get("translation") if isinstance(document, dict) else None
    return found if isinstance(found, str) else None
