"""What apt and pip say when they fail, and what relctl makes of it."""

import pytest

from relctl.build import debian, requirements
from relctl.build.job import Target, find_target, host_target
from relctl.errors import UsageError

APT = """\
I: downloading packages with apt...
E: {}
E: apt download failed: E: apt-get --yes install … failed
E: mmdebstrap failed to run
"""


@pytest.mark.parametrize(
    ("said", "message", "hint"),
    [
        (
            "Version '2020a-1' for 'tzdata' was not found",
            "base.lock is stale: bookworm/amd64 does not offer tzdata 2020a-1 any more",
            "relctl lock --base",
        ),
        (
            "Unable to locate package python3.12-minimal",
            "bookworm/amd64 has no package python3.12-minimal",
            "versions.yaml",
        ),
        (
            "The repository 'nosuch Release' does not have a Release file.",
            "bookworm/amd64 cannot be bootstrapped: The repository 'nosuch Release' does not have",
            "mmdebstrap --variant=extract bookworm",
        ),
    ],
)
def test_what_apt_says_becomes_one_error_with_a_next_step(said: str, message: str, hint: str) -> None:
    error = debian._in_words(APT.format(said), "bookworm/amd64")
    assert error.message.startswith(message)
    assert hint in error.hint


MISSING = """\
ERROR: Could not find a version that satisfies the requirement ctranslate2==9 (from versions: 1.0, 1.1)
ERROR: No matching distribution found for ctranslate2==9
"""
ALTERED = """\
ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. Look out.
    ctranslate2==4.8.5 from https://index.invalid/ctranslate2.whl (from -r requirements.lock (line 15)):
        Expected sha256 aaa
        Expected     or ccc
             Got        bbb
"""


@pytest.mark.parametrize(
    ("said", "message", "hint"),
    [
        (
            MISSING,
            "lock: no index that pip asks here has a wheel of ctranslate2==9 for here",
            "requirements.in",
        ),
        (
            ALTERED,
            "lock: the wheel of ctranslate2==4.8.5 for here has a sha256 that is not in it, bbb",
            "relctl lock",
        ),
        (
            "ERROR: the disk is full\n",
            "lock: the wheels cannot be fetched: the disk is full",
            "pip config list",
        ),
        ("Killed\n", "lock: the wheels cannot be fetched: Killed", "pip config list"),
    ],
)
def test_what_pip_says_becomes_one_error_with_a_next_step(said: str, message: str, hint: str) -> None:
    error = requirements._in_words(said, "lock", "here")
    assert error.message == message
    assert hint in error.hint


def test_wheels_are_asked_for_by_platform_newest_glibc_first() -> None:
    tags = find_target("linux/arm64").wheel_tags
    assert (tags[0], tags[-2:]) == (
        "manylinux_2_36_aarch64",
        ["manylinux_2_17_aarch64", "manylinux2014_aarch64"],
    )


def test_only_the_hosts_own_platform_has_the_plain_image_name() -> None:
    assert host_target().image("translator") == "translator"
    assert Target("riscv64", "riscv64").image("translator") == "translator-riscv64"


def test_an_unknown_platform_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        find_target("windows/amd64")
    assert caught.value.hint == "relctl build --platform linux/amd64 or linux/arm64"
