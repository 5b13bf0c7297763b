"""Keys that tokens are signed with, and what is said of a token that they do not fit."""

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from translator.access.credential import InvalidCredentialError
from translator.access.tokens import Tokens, read_public_key, read_secret
from unit.translator.access_credentials import SECRET

PAIR = rsa.generate_private_key(public_exponent=65537, key_size=2048)
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = PAIR.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
HS256 = Tokens((read_secret(SECRET),), issuer=None, audience=None)
RS256 = Tokens((read_public_key(PEM),), issuer=None, audience=None)
BOTH = Tokens((*HS256.keys, *RS256.keys), issuer="https://issuer.example", audience="translator")


def refusal(tokens: Tokens, text: str) -> str:
    with pytest.raises(InvalidCredentialError) as caught:
        tokens.subject(text)
    return caught.value.description or ""
