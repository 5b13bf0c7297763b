"""A token that nobody signed, or somebody else, or with another algorithm, is not believed."""

import base64
import hashlib
import hmac
import json

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translator.access.tokens import Tokens
from unit.translator.access_credentials import FUTURE, SECRET, token
from unit.translator.access_tokens import BOTH, HS256, PAIR, PEM, RS256, STRANGER, refusal

CLAIMS = {"sub": "alice", "exp": FUTURE}


def encode(part: object) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forge(header: object, claims: object, signature: bytes = b"") -> str:
    return f"{encode(header)}.{encode(claims)}.{encode(signature)}"


def sign_with_hmac(header: dict[str, str], key: bytes) -> str:
    """An HS256 token made by hand, because PyJWT refuses to use a public key as the secret."""
    signed = f"{encode(header)}.{encode(CLAIMS)}"
    return f"{signed}.{encode(hmac.digest(key, signed.encode(), hashlib.sha256))}"


def test_a_token_of_a_stranger_is_refused() -> None:
    assert refusal(HS256, token(key="x" * 32)) == "The token's signature is wrong."
    assert refusal(RS256, token(key=STRANGER, algorithm="RS256")) == "The token's signature is wrong."


def test_claims_cannot_be_changed_after_signing() -> None:
    header, _, signature = token().split(".")
    other = encode({"sub": "root", "exp": FUTURE})
    assert refusal(HS256, f"{header}.{other}.{signature}") == "The token's signature is wrong."


@pytest.mark.parametrize("tokens", [HS256, RS256, BOTH])
@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", "", None, 5, ["HS256"], {"HS256": 1}])
@pytest.mark.parametrize("signature", [b"", b"x"])
def test_a_token_without_a_signature_is_refused_however_it_says_so(
    name: object, signature: bytes, tokens: Tokens
) -> None:
    assert "must be signed with" in refusal(tokens, forge({"alg": name}, CLAIMS, signature))


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_the_right_secret_with_another_algorithm_is_refused(algorithm: str) -> None:
    assert (
        refusal(HS256, token(key=SECRET * 2, algorithm=algorithm)) == "The token must be signed with HS256."
    )


def test_the_right_pair_with_another_algorithm_is_refused() -> None:
    assert refusal(RS256, token(key=PAIR, algorithm="PS256")) == "The token must be signed with RS256."


@pytest.mark.parametrize("tokens", [RS256, BOTH])
@pytest.mark.parametrize("key", [PEM, PEM.strip(), PEM.replace("\n", "\\n")])
def test_the_public_key_is_no_secret_to_sign_with(key: str, tokens: Tokens) -> None:
    assert refusal(tokens, sign_with_hmac({"alg": "HS256"}, key.encode())) in (
        "The token must be signed with RS256.",
        "The token's signature is wrong.",
    )


def test_a_signature_by_hand_is_good_with_the_right_secret() -> None:
    """Without this, the test above could pass because its tokens are malformed."""
    assert HS256.subject(sign_with_hmac({"alg": "HS256"}, SECRET.encode())) == "alice"


@pytest.mark.parametrize(
    "kid", ["", "../../dev/null", "' OR 1=1 --", "x" * 3000, "https://evil.example/key", "\0"]
)
def test_a_key_id_chooses_nothing(kid: str) -> None:
    assert HS256.subject(token(headers={"kid": kid})) == "alice"
    assert refusal(HS256, token(key="x" * 32, headers={"kid": kid})) == "The token's signature is wrong."


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "HS256", "kid": 5},
        {"alg": "HS256", "crit": ["exp"]},
        {"alg": "HS256", "crit": []},
        {"alg": "HS256", "b64": False, "crit": ["b64"]},
        b"[" * 5000,
        b'{"alg":' * 1000,
        b"\xff\xfe",
        b'{"alg": 1' + b"0" * 5000 + b"}",
        [],
        "HS256",
        None,
    ],
)
def test_a_strange_header_is_malformed(header: object) -> None:
    assert refusal(HS256, forge(header, CLAIMS, b"x")) == "The token is malformed."


def test_a_key_that_the_token_brings_along_is_not_used() -> None:
    stranger = jwt.algorithms.RSAAlgorithm.to_jwk(STRANGER.public_key(), as_dict=True)
    brought = token(key=STRANGER, algorithm="RS256", headers={"jwk": stranger, "jku": "https://evil.example"})
    assert refusal(RS256, brought) == "The token's signature is wrong."


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "a.b.c", "a.b", "a.b.c.d.e", "=.=.=", "é.ü.ß", "\ud800.." * 3, " " * 9, "." * 8000],
)
def test_what_is_no_token_is_malformed(text: str) -> None:
    assert refusal(BOTH, text) == "The token is malformed."


@given(
    st.text()
    | st.from_regex(r"[\w-]{0,40}\.[\w-]{0,40}\.[\w-]{0,40}", fullmatch=True, alphabet=st.characters())
)
@settings(deadline=None, derandomize=True)
def test_nothing_but_a_refusal_is_raised(text: str) -> None:
    for tokens in (HS256, RS256, BOTH):
        refusal(tokens, text)


def test_what_some_libraries_believed_once_is_refused() -> None:
    never_signed = forge({"alg": "none", "typ": "JWT"}, CLAIMS)
    assert jwt.decode(never_signed, options={"verify_signature": False}) == CLAIMS, "it is well-formed"
    assert refusal(HS256, never_signed) == "The token must be signed with HS256."
