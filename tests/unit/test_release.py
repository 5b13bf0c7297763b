"""Tags: what is one, what is not, and their order."""

import pytest

from relctl.errors import UsageError
from relctl.tag import Tag


@pytest.mark.parametrize(
    ("text", "version", "commit", "dirty"),
    [
        ("v1.2.0-abc12de", "1.2.0", "abc12de", ""),
        ("v1.2.0-rc.1-abc12de", "1.2.0-rc.1", "abc12de", ""),
        ("v1.2.0-x-y-z-abc12de", "1.2.0-x-y-z", "abc12de", ""),
        ("v1.2.0-deadbee-abc12de", "1.2.0-deadbee", "abc12de", ""),
        ("v1.2.0-abc12de-dirty.0a1b2c3", "1.2.0", "abc12de", "0a1b2c3"),
    ],
)
def test_a_tag_is_read_and_written_back_unchanged(text: str, version: str, commit: str, dirty: str) -> None:
    tag = Tag.parse(text)
    assert (tag.version, tag.commit, tag.dirty) == (version, commit, dirty)
    assert str(tag) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "latest",
        "1.2.0-abc12de",
        "v1.2-abc12de",
        "v01.2.0-abc12de",
        "v1.2.0",
        "v1.2.0-ABC12DE",
        "v1.2.0-abc12d",
        "v1.2.0+build-abc12de",
        "v1.2.0-abc12de\n",
        "v1.2.0-" + "a" * 130 + "-abc12de",
    ],
)
def test_what_is_no_tag_is_refused_in_words(text: str) -> None:
    with pytest.raises(UsageError, match=r"is not a release tag; one looks like v1\.2\.0-abc12de"):
        Tag.parse(text)


def test_tags_sort_by_semver_precedence_and_not_as_text() -> None:
    names = [
        "v1.10.0-aaaaaaa",
        "v1.9.0-bbbbbbb",
        "v1.9.0-rc.2-ccccccc",
        "v1.9.0-rc.10-ddddddd",
        "v1.9.0-aaaaaaa",
    ]
    assert [str(tag) for tag in sorted(map(Tag.parse, names))] == [
        "v1.9.0-rc.2-ccccccc",
        "v1.9.0-rc.10-ddddddd",
        "v1.9.0-aaaaaaa",
        "v1.9.0-bbbbbbb",
        "v1.10.0-aaaaaaa",
    ]
