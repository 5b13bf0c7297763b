"""API keys are made at random, stored as hashes, and found by them."""

import hashlib
import hmac
import re
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translator.access.keys import ApiKeys, entry, main, make_key
from unit.translator.service_process import SERVICE

HASH = hashlib.sha256(b"tr_abc").hexdigest()
OTHER = hashlib.sha256(b"tr_def").hexdigest()


def test_a_key_is_found_by_its_hash_whatever_its_place() -> None:
    keys = ApiKeys.parse(f"web=sha256:{HASH}, phone.2=sha256:{OTHER.upper()}")
    assert (keys.find("tr_abc"), keys.find("tr_def")) == ("web", "phone.2")


@given(st.text())
@settings(deadline=None, derandomize=True)
def test_another_key_is_not_found_and_nothing_is_raised(key: str) -> None:
    assert ApiKeys.parse(f"web=sha256:{HASH}").find(key) is None


@pytest.mark.parametrize("key", ["", "tr_ab", "tr_abc ", "TR_ABC", HASH, f"sha256:{HASH}", "\ud800", "é\xff"])
def test_what_is_nearly_a_key_is_none(key: str) -> None:
    assert ApiKeys.parse(f"web=sha256:{HASH}").find(key) is None


def test_nothing_means_that_there_are_no_keys() -> None:
    assert ApiKeys.parse("").hashes == ()


def test_every_entry_is_compared_even_after_one_has_matched(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []
    real = hmac.compare_digest

    def compare(sent: bytes, stored: bytes) -> bool:
        compared.append(stored)
        return real(sent, stored)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    ApiKeys.parse(f"web=sha256:{HASH},phone=sha256:{OTHER}").find("tr_abc")
    assert [each.hex() for each in compared] == [HASH, OTHER]


MALFORMED = "is not name=sha256:<64 hex digits>"
GOOD = f"web=sha256:{HASH}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (" ", f"entry 1 {MALFORMED}"),
        (f"{GOOD},", f"entry 2 {MALFORMED}"),
        ("tr_abc", f"entry 1 {MALFORMED}"),
        ("web=tr_abc", f"entry 1 {MALFORMED}"),
        (f"{GOOD},phone=sha256:{OTHER[1:]}", f"entry 2 {MALFORMED}"),
        (f"{GOOD},phone=sha256:{OTHER}0", f"entry 2 {MALFORMED}"),
        (f"web=sha256:{'g' * 64}", f"entry 1 {MALFORMED}"),
        (f"web=sha1:{HASH}", f"entry 1 {MALFORMED}"),
        (f"=sha256:{HASH}", f"entry 1 {MALFORMED}"),
        (f"two words=sha256:{HASH}", f"entry 1 {MALFORMED}"),
        (f"{'n' * 65}=sha256:{HASH}", f"entry 1 {MALFORMED}"),
        (f"{GOOD}\n{GOOD}", f"entry 1 {MALFORMED}"),
        (f"{GOOD},phone=sha256:{OTHER},web=sha256:{'0' * 64}", "entries 1 and 3 have the same name"),
        (f"{GOOD},phone=sha256:{HASH.upper()}", "entries 1 and 2 have the same hash"),
    ],
)
def test_a_wrong_setting_is_refused_without_quoting_it(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=f"^API_KEYS is wrong: {re.escape(words)}") as caught:
        ApiKeys.parse(text)
    assert not text.strip() or text not in str(caught.value)
    assert "tr_abc" not in str(caught.value)


def test_a_new_key_is_random_and_goes_into_a_header_as_it_is() -> None:
    keys = {make_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(re.fullmatch(r"tr_[A-Za-z0-9_-]{43}", key) for key in keys), (
        "43 characters of base64 are 256 bits"
    )


def test_the_command_prints_a_key_and_the_entry_that_lets_it_in() -> None:
    done = run("web")
    assert (done.returncode, done.stderr) == (0, "")
    key, line = re.findall(r": +(\S+)$", done.stdout, re.M)
    assert line == entry("web", key)
    assert ApiKeys.parse(line).find(key) == "web"


def test_the_command_says_how_it_is_used() -> None:
    done = run()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: python -m translator.access.keys NAME")


@pytest.mark.parametrize("arguments", [[], ["two", "names"], ["two words"], ["=x"], ["a,b"], [""]])
def test_a_name_that_no_entry_can_have_gets_no_key(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().out == ""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "translator.access.keys", *arguments]
    return subprocess.run(
        command, env={"PYTHONPATH": str(SERVICE)}, capture_output=True, text=True, check=False
    )
