"""Settings that would leave the door open, or shut for good, end the service with one sentence."""

import re
import subprocess
import sys
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from translator.access.guard import Guard
from translator.settings import SettingsError
from unit.translator.access_credentials import API_KEYS, SECRET, bearer, token
from unit.translator.access_service import make_client, make_settings
from unit.translator.service_process import MODEL, SERVICE

PAIR = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_pem(key: Any) -> str:
    return str(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


PEM = public_pem(PAIR)
PRIVATE_PEM = PAIR.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
SHORT_PEM = public_pem(rsa.generate_private_key(public_exponent=65537, key_size=1024))  # noqa: S505
OTHER_PEM = public_pem(ed25519.Ed25519PrivateKey.generate())


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"api_keys": "tr_abc"}, "API_KEYS is wrong: entry 1 is not name=sha256:<64 hex digits>"),
        ({"jwt_secret": "short"}, "JWT_SECRET is wrong: it has 5 bytes; at least 32 are needed"),
        ({"jwt_secret": "x" * 31}, "JWT_SECRET is wrong: it has 31 bytes; at least 32 are needed"),
        ({"jwt_secret": " " * 40}, "JWT_SECRET is wrong: it has 0 bytes; at least 32 are needed"),
        ({"jwt_secret": f" {'x' * 31}\n"}, "JWT_SECRET is wrong: it has 31 bytes; at least 32 are needed"),
        ({"jwt_secret": "\u3000" * 40}, "JWT_SECRET is wrong: it has 0 bytes; at least 32 are needed"),
        ({"jwt_secret": PEM}, "JWT_SECRET is wrong: it is a key of a pair or a certificate, not a secret"),
        ({"jwt_public_key": PRIVATE_PEM}, "JWT_PUBLIC_KEY is wrong: it is a private key."),
        ({"jwt_public_key": "no key"}, "JWT_PUBLIC_KEY is wrong: it is not a public key in PEM"),
        ({"jwt_public_key": PEM[:200]}, "JWT_PUBLIC_KEY is wrong: it is not a public key in PEM"),
        ({"jwt_public_key": PEM.replace("A", "é")}, "JWT_PUBLIC_KEY is wrong: it is not a public key in PEM"),
        (
            {"jwt_public_key": SHORT_PEM},
            "JWT_PUBLIC_KEY is wrong: it has 1024 bits; at least 2048 are needed",
        ),
        ({"jwt_public_key": OTHER_PEM}, "JWT_PUBLIC_KEY is wrong: it is no RSA key, and RS256 needs one"),
        ({"jwt_issuer": "me"}, "JWT_ISSUER is set, but neither JWT_SECRET nor JWT_PUBLIC_KEY is"),
        ({"jwt_audience": "me", "api_keys": API_KEYS}, "JWT_AUDIENCE is set, but neither JWT_SECRET nor"),
        ({"rate_limit": "60/minute"}, "RATE_LIMIT is set, but nobody has a credential"),
        ({"rate_limit": "often", "api_keys": API_KEYS}, "RATE_LIMIT is 'often'; it must look like 60/minute"),
        ({"open_status": False}, "OPEN_STATUS is false, but nobody has a credential"),
    ],
)
def test_a_wrong_setting_is_named_and_a_secret_is_not_shown(chosen: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=f"^{re.escape(words)}") as caught:
        Guard.from_settings(make_settings(**chosen))
    assert "\n" not in str(caught.value)
    for secret in (chosen.get("jwt_secret"), chosen.get("jwt_public_key")):
        assert not secret or secret not in str(caught.value)


def test_a_secret_of_the_environment_that_is_not_utf_8_is_named_and_not_shown() -> None:
    started = subprocess.run(
        [sys.executable, "-W", "error", "-m", "translator.server"],
        env={
            b"PYTHONPATH": bytes(SERVICE),
            b"MODEL_DIR": bytes(MODEL),
            b"JWT_SECRET": b"0123456789" * 4 + b"\xff",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode == 1
    assert started.stderr.startswith("translator: JWT_SECRET is wrong: it is not UTF-8; ")
    assert started.stderr.count("\n") == 1
    assert not re.search("0123456789|xff|dcff", started.stderr)


@pytest.mark.parametrize("pem", [PEM, PEM.strip(), PEM.replace("\n", "\\n"), PEM.replace("\n", " ")])
def test_a_public_key_may_be_spelt_in_one_line(pem: str) -> None:
    client = make_client(jwt_public_key=pem)
    assert client.post("/batch", headers=bearer(token(key=PAIR, algorithm="RS256"))).status_code == 200
    assert client.post("/batch", headers=bearer(token())).status_code == 401


def test_a_public_key_of_the_older_form_is_good_too() -> None:
    pem = PAIR.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode()
    client = make_client(jwt_public_key=pem)
    assert client.post("/batch", headers=bearer(token(key=PAIR, algorithm="RS256"))).status_code == 200


def test_a_secret_of_thirty_two_bytes_is_enough() -> None:
    client = make_client(jwt_secret="x" * 30 + "é")
    assert client.post("/batch", headers=bearer(token(key="x" * 30 + "é"))).status_code == 200


def test_no_secret_is_shown_when_a_guard_is_printed() -> None:
    assert SECRET not in repr(Guard.from_settings(make_settings(jwt_secret=SECRET, api_keys=API_KEYS)))


LIBRARIES = ("limits", "jwt", "cryptography")


@pytest.mark.parametrize(
    ("chosen", "imported"),
    [
        ({}, []),
        ({"API_KEYS": API_KEYS}, []),
        ({"API_KEYS": API_KEYS, "RATE_LIMIT": "1/second"}, ["limits"]),
        ({"JWT_SECRET": SECRET}, ["jwt", "cryptography"]),
        ({"JWT_PUBLIC_KEY": PEM}, ["jwt", "cryptography"]),
    ],
)
def test_a_library_is_imported_only_where_a_setting_needs_it(
    chosen: dict[str, str], imported: list[str]
) -> None:
    program = (
        "import sys; from translator.access.guard import Guard; "
        "from translator.settings import read_settings; "
        f"Guard.from_settings(read_settings()); print(*[each for each in {LIBRARIES} if each in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={"PYTHONPATH": str(SERVICE), "MODEL_DIR": str(MODEL), **chosen},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == imported
