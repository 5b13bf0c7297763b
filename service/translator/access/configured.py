"""Builds what the settings ask for, and imports only the libraries that this needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from translator.access.callers import Callers
from translator.access.keys import ApiKeys
from translator.settings import Settings

if TYPE_CHECKING:
    from translator.access.quota import Quota
    from translator.access.tokens import Tokens


def read_callers(settings: Settings) -> Callers:
    """Who may call; raises ValueError with a sentence that begins with the variable's name."""
    callers = Callers(ApiKeys.parse(settings.api_keys), _read_tokens(settings))
    if not (settings.open_status or callers.are_known):
        raise ValueError(
            "OPEN_STATUS is false, but nobody has a credential; set API_KEYS, JWT_SECRET or JWT_PUBLIC_KEY"
        )
    return callers


def read_quota(settings: Settings, callers: Callers) -> Quota | None:
    """How often each caller may call, or None; raises ValueError with a sentence about RATE_LIMIT."""
    if not settings.rate_limit:
        return None
    if not callers.are_known:
        raise ValueError(
            "RATE_LIMIT is set, but nobody has a credential, and requests are counted by caller; "
            "set API_KEYS, JWT_SECRET or JWT_PUBLIC_KEY"
        )
    from translator.access.quota import Quota  # 60 ms

    return Quota.parse(settings.rate_limit)


def _read_tokens(settings: Settings) -> Tokens | None:
    secret = settings.jwt_secret.get_secret_value() if settings.jwt_secret else ""
    if not (secret or settings.jwt_public_key):
        _refuse_claims_without_key(settings)
        return None
    from translator.access.signing import read_public_key, read_secret
    from translator.access.tokens import Tokens  # 60 ms, with cryptography

    keys = [read_secret(secret)] if secret else []
    if settings.jwt_public_key:
        keys.append(read_public_key(settings.jwt_public_key))
    return Tokens(tuple(keys), settings.jwt_issuer or None, settings.jwt_audience or None)


def _refuse_claims_without_key(settings: Settings) -> None:
    for name in ("JWT_ISSUER", "JWT_AUDIENCE"):
        if getattr(settings, name.lower()):
            raise ValueError(
                f"{name} is set, but neither JWT_SECRET nor JWT_PUBLIC_KEY is, so no token could be verified"
            )
