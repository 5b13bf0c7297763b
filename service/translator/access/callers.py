"""Tells who a caller is by the credential that was sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from translator.access.credential import Credential
from translator.access.errors import InvalidCredentialError, TokenError
from translator.access.keys import ApiKeys

if TYPE_CHECKING:  # it takes 60 ms to import, and many services have keys only
    from translator.access.tokens import Tokens

# The service takes no longer header field, but a body could bring more.
_LONGEST = 8190


@dataclass(frozen=True)
class Callers:
    """Those with an API key, those with a token, or nobody: then no credentials are asked for."""

    keys: ApiKeys
    tokens: Tokens | None

    @property
    def are_known(self) -> bool:
        """Whether anybody has a credential."""
        return bool(self.keys.hashes) or self.tokens is not None

    def identify(self, credential: Credential) -> str:
        """`key:NAME` or `sub:SUBJECT`; raises InvalidCredentialError.

        The two kinds have names of their own: a token's subject must not use up a key's quota.
        """
        if len(credential.value) > _LONGEST:
            raise InvalidCredentialError("The credential is too long.")
        name = self.keys.find(credential.value)
        return f"key:{name}" if name else f"sub:{self._subject(credential)}"

    def _subject(self, credential: Credential) -> str:
        if not (self.tokens and credential.is_bearer and self._may_be_token(credential.value)):
            raise InvalidCredentialError("The API key is unknown.")
        try:
            return self.tokens.subject(credential.value)
        except TokenError as error:
            raise InvalidCredentialError(str(error)) from None

    def _may_be_token(self, value: str) -> bool:
        # Only for the words of the refusal: where there are keys, what lacks the two dots is a mistyped one.
        return value.count(".") == len(("header", "payload")) or not self.keys.hashes
