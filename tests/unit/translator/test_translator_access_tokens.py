"""A signed token is believed only when its times and its claims are right."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import jwt
import pytest

from translator.access.tokens import LEEWAY
from unit.translator.access_credentials import FUTURE, PAST, SECRET, token
from unit.translator.access_tokens import BOTH, HS256, PAIR, RS256, refusal


def test_a_good_token_speaks_for_its_subject() -> None:
    assert HS256.subject(token()) == "alice"
    assert RS256.subject(token(key=PAIR, algorithm="RS256")) == "alice"


def test_with_two_keys_either_is_good() -> None:
    claims = {"iss": "https://issuer.example", "aud": ["others", "translator"]}
    assert BOTH.subject(token(claims)) == "alice"
    assert BOTH.subject(token(claims, PAIR, "RS256")) == "alice"


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"exp": PAST}, "The token has expired."),
        ({"exp": None}, "The token has no exp."),
        ({"exp": "soon"}, "The token is malformed."),
        ({"exp": float("inf")}, "The token is malformed."),
        ({"exp": [FUTURE]}, "The token is malformed."),
        ({"nbf": FUTURE}, "The token is not valid yet."),
        ({"nbf": "later"}, "The token is malformed."),
        ({"iat": FUTURE}, "The token is not valid yet."),
        ({"sub": None}, "The token has no sub."),
        ({"sub": ""}, "The token's sub must be 1 to 255 printable characters."),
        ({"sub": "a" * 256}, "The token's sub must be 1 to 255 printable characters."),
        ({"sub": "a\nb"}, "The token's sub must be 1 to 255 printable characters."),
        ({"sub": "\ud800"}, "The token's sub must be 1 to 255 printable characters."),
        ({"aud": "others"}, "The token is for another audience."),
    ],
)
def test_a_signed_token_with_a_wrong_claim_is_refused(claims: dict[str, Any], words: str) -> None:
    assert refusal(HS256, token(claims)) == words


@pytest.mark.parametrize("audience", [[], "", None, {}, 0, ["translator"]])
def test_a_token_for_whatever_audience_is_refused_where_none_is_set(audience: object) -> None:
    claims = {"sub": "alice", "exp": FUTURE, "aud": audience}
    signed = jwt.api_jws.encode(json.dumps(claims).encode(), SECRET, "HS256")
    assert refusal(HS256, signed) == "The token is for another audience."


@pytest.mark.parametrize("subject", [5, True, ["alice"], {"name": "alice"}])
def test_a_subject_that_is_no_text_is_refused(subject: object) -> None:
    signed = jwt.api_jws.encode(json.dumps({"sub": subject, "exp": FUTURE}).encode(), SECRET, "HS256")
    assert refusal(HS256, signed) == "The token's sub is not text."


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"aud": "translator"}, "The token has no iss."),
        ({"aud": "translator", "iss": "https://others.example"}, "The token is from another issuer."),
        ({"aud": "translator", "iss": "https://issuer.example/"}, "The token is from another issuer."),
        ({"iss": "https://issuer.example"}, "The token has no aud."),
        ({"iss": "https://issuer.example", "aud": []}, "The token has no aud."),
        ({"iss": "https://issuer.example", "aud": "others"}, "The token is for another audience."),
        ({"iss": "https://issuer.example", "aud": {"translator": 1}}, "The token is for another audience."),
    ],
)
def test_an_issuer_and_an_audience_that_are_set_must_be_named(claims: dict[str, Any], words: str) -> None:
    assert refusal(BOTH, token(claims)) == words
    assert refusal(BOTH, token(claims, PAIR, "RS256")) == words


@pytest.mark.parametrize(("claim", "sign"), [("exp", -1), ("nbf", 1)])
def test_clocks_may_differ_by_the_leeway(claim: str, sign: int, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    within, beyond = (token({claim: int(now.timestamp()) + sign * (LEEWAY + seconds)}) for seconds in (-1, 1))
    # The library asks the class `datetime`; it stands still, however long a check takes.
    monkeypatch.setattr("jwt.api_jwt.datetime", SimpleNamespace(now=lambda tz: now.astimezone(tz)))
    assert HS256.subject(within) == "alice"
    assert refusal(HS256, beyond) != ""


def test_the_words_fit_into_a_header() -> None:
    """RFC 6750, section 3: error_description has neither quotation marks nor backslashes."""
    from translator.access.tokens import _WORDS

    for _, words in _WORDS:
        assert words.isascii()
        assert not set(words) & {'"', "\\"}


def test_a_secret_is_not_shown_by_accident() -> None:
    assert SECRET not in repr(HS256)
