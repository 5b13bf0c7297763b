"""Keys and tokens that are good, and how a request carries them."""

from typing import Any

import jwt

from translator.access.keys import entry

KEY = "tr_abc"
OTHER_KEY = "tr_def"
API_KEYS = f"{entry('web', KEY)},{entry('phone', OTHER_KEY)}"
SECRET = "a secret of thirty-two bytes, at least"  # noqa: S105
# Long before any test, long after it, and never near the leeway.
PAST, FUTURE = 1_000_000_000, 4_000_000_000


def token(
    claims: dict[str, Any] | None = None, key: Any = SECRET, algorithm: str = "HS256", **more: Any
) -> str:
    """A signed token that is good for decades; `claims` are added, or with None for a value left out."""
    merged = {"sub": "alice", "exp": FUTURE} | (claims or {})
    present = {name: value for name, value in merged.items() if value is not None}
    return jwt.encode(present, key, algorithm, **more)


def good_token(**claims: Any) -> str:
    """A token for `guarded_client`, with these claims."""
    return token({"aud": "translator"} | claims)


def bearer(value: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {value}"}
