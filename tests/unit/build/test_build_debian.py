"""base.lock: reading, writing, and what stale means."""

import pytest

from relctl.build.debian import BaseLock, Package, digest
from relctl.build.lock_files import Change, changes
from relctl.errors import ConfigError

TZDATA = Package("tzdata", "2026f-0+deb12u1", "a" * 64)
ZLIB = Package("zlib1g", "1:1.2.13.dfsg-1", "b" * 64)


def test_a_lock_survives_being_written_and_read() -> None:
    lock = BaseLock({("bookworm", "amd64"): (TZDATA, ZLIB), ("bookworm", "arm64"): (TZDATA,)})
    assert BaseLock.read(str(lock), "base.lock") == lock


def test_a_line_that_is_no_package_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        BaseLock.read("# comment\nbookworm amd64 tzdata 2026f\n", "service/base.lock")
    assert caught.value.message.startswith("service/base.lock:2: not `suite architecture")
    assert caught.value.hint == "relctl lock --base"


def test_the_digest_is_of_names_versions_and_contents_and_not_of_their_order() -> None:
    assert digest([TZDATA, ZLIB]) == digest([ZLIB, TZDATA])
    assert digest([TZDATA]) != digest([Package("tzdata", TZDATA.version, "c" * 64)])


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": "1"}, {"a": "1"}, []),
        ({"a": "1"}, {"a": "2"}, [Change("a", "1", "2")]),
        ({}, {"b": "1", "a": "1"}, [Change("a", "", "1"), Change("b", "", "1")]),
        ({"a": "1"}, {}, [Change("a", "1", "")]),
    ],
)
def test_changes_are_listed_by_name(old: dict[str, str], new: dict[str, str], expected: list[Change]) -> None:
    assert changes(old, new) == expected
