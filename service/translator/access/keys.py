"""Make API keys, and find out whose key was sent while knowing no more than the keys' hashes.

`python -m translator.access.keys NAME` makes a key for a caller of that name.
"""

import hashlib
import hmac
import re
import secrets
import sys
from dataclasses import dataclass
from typing import Self

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ENTRY = re.compile(rf"({NAME.pattern})=sha256:([0-9A-Fa-f]{{64}})")
# By a prefix of its own a key is known for one when it turns up where it should not be.
_PREFIX = "tr_"
_BYTES = 32
_USAGE = "usage: python -m translator.access.keys NAME  (1 to 64 letters, digits, dots, dashes, underscores)"


@dataclass(frozen=True)
class ApiKeys:
    """The callers' names and the SHA-256 of each one's key.

    A password would need a slow, salted hash, because people choose guessable ones. A key is 256 random
    bits: nobody can guess towards a plain hash of it, and verifying one costs next to nothing.
    """

    hashes: tuple[tuple[str, bytes], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `name=sha256:<64 hex digits>,…`; raises ValueError with a sentence about API_KEYS.

        The sentence never quotes: what is malformed may be a key.
        """
        if not text:
            return cls()
        hashes = tuple(_read_entry(number, entry) for number, entry in enumerate(text.split(","), 1))
        _refuse_twins("name", [name for name, _ in hashes])
        _refuse_twins("hash", [digest.hex() for _, digest in hashes])
        return cls(hashes)

    def find(self, key: str) -> str | None:
        """Return the name of the caller whose key this is, in a time that tells nothing about the keys."""
        sent = _hash(key)
        found = None
        for name, digest in self.hashes:  # all of them, also after one was found
            if hmac.compare_digest(sent, digest):
                found = name
        return found


def make_key() -> str:
    """Return a new random key."""
    return _PREFIX + secrets.token_urlsafe(_BYTES)


def entry(name: str, key: str) -> str:
    """Return what API_KEYS must hold for the caller `name`."""
    return f"{name}=sha256:{_hash(key).hex()}"


def _hash(key: str) -> bytes:
    # JSON can spell lone surrogates, which plain UTF-8 has no bytes for.
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def _read_entry(number: int, text: str) -> tuple[str, bytes]:
    found = _ENTRY.fullmatch(text.strip())
    if not found:
        raise ValueError(
            f"API_KEYS is wrong: entry {number} is not name=sha256:<64 hex digits>. A key itself does not "
            "belong there, only its hash; `python -m translator.access.keys NAME` makes both"
        )
    return found[1], bytes.fromhex(found[2])


def _refuse_twins(kind: str, values: list[str]) -> None:
    for number, value in enumerate(values, 1):
        first = values.index(value) + 1
        if first < number:
            raise ValueError(f"API_KEYS is wrong: entries {first} and {number} have the same {kind}")


def main(arguments: list[str]) -> int:
    """Print a new key, which is kept nowhere, and its entry for API_KEYS; 2 when there is not one NAME."""
    if len(arguments) != 1 or not NAME.fullmatch(arguments[0]):
        print(_USAGE, file=sys.stderr)
        return 2
    key = make_key()
    print(f"The key, shown only now:  {key}")
    print(f"The entry for API_KEYS:   {entry(arguments[0], key)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
