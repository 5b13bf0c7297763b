"""Which release a person means who does not type the whole tag."""

from collections.abc import Iterator

import pytest

from hosts import COMMIT, Bench, bench
from relctl.engine.leases import resolve
from relctl.engine.protocol import Image
from relctl.errors import EngineError, UsageError
from relctl.rollout.named import choose, find, known
from relctl.state.event import Event
from relctl.tag import Tag

TAGS = [
    Tag.parse(each)
    for each in (
        "v2.0.0-rc.1-aaaa111",
        "v1.2.0-abc12de",
        "v1.2.0-abd0000",
        "v1.1.0-1234567",
        "v1.0.0-fedcba9-dirty.0123456789ab",
    )
]


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("v1.1.0", "v1.1.0-1234567"),
        ("1.1.0", "v1.1.0-1234567"),
        ("1.1.0-1234567", "v1.1.0-1234567"),
        ("v1.2.0-abc", "v1.2.0-abc12de"),
        ("1234", "v1.1.0-1234567"),
        ("1234567" + "0" * 33, "v1.1.0-1234567"),
        ("abc1", "v1.2.0-abc12de"),
        ("2.0.0-rc.1", "v2.0.0-rc.1-aaaa111"),
        ("v1.0.0", "v1.0.0-fedcba9-dirty.0123456789ab"),
    ],
)
def test_what_only_one_release_matches_is_that_release(words: str, meant: str) -> None:
    assert str(choose(words, TAGS)) == meant


@pytest.mark.parametrize("words", ["1.2.0", "v1.2.0", "v1.2.0-ab"])
def test_what_several_match_is_refused_with_all_of_them(words: str) -> None:
    with pytest.raises(UsageError, match=f"{words} may be any of v1.2.0-abc12de, v1.2.0-abd0000") as raised:
        choose(words, TAGS)
    assert raised.value.exit_code == 2


def test_of_very_many_candidates_some_are_shown() -> None:
    many = [Tag("1.0.0", f"{number:07x}") for number in range(12)]
    with pytest.raises(UsageError, match=r"0000009, and 2 more$"):
        choose("1.0.0", many)


@pytest.mark.parametrize(
    ("words", "meant"), [("1.2.1", ""), ("v1.2.0-abc12df", "v1.2.0-abc12de"), ("abc3", ""), ("v2.0.0", "")]
)
def test_what_none_matches_is_refused_with_what_is_close(words: str, meant: str) -> None:
    with pytest.raises(UsageError, match=f"^no release here is {words}") as raised:
        choose(words, TAGS)
    assert meant in raised.value.message


@pytest.fixture
def stand() -> Iterator[Bench]:
    with bench() as made:
        yield made


def name(stand: Bench, words: str) -> str:
    return str(find(stand.host.project, stand.engine, words))


def test_head_is_the_release_of_the_commit_that_is_checked_out(stand: Bench) -> None:
    heads = stand.folder / ".git" / "refs" / "heads"
    heads.mkdir(exist_ok=True)
    (heads / "main").write_text(f"{COMMIT}\n")
    with pytest.raises(UsageError, match=rf"HEAD is {COMMIT[:7]}, of which there is no release here"):
        name(stand, "HEAD")
    tag = stand.image("1.0.0")
    assert name(stand, "HEAD") == str(tag)
    stand.image("1.1.0")
    with pytest.raises(UsageError, match=r"HEAD may be any of v1\.1\.0-abc12de, v1\.0\.0-abc12de"):
        name(stand, "HEAD")


def test_latest_was_built_last_here_and_is_still_there(stand: Bench) -> None:
    with pytest.raises(UsageError, match="no release that is there was built in test"):
        name(stand, "latest")
    for version in ("1.1.0", "1.0.0"):
        tag = stand.image(version)
        stand.host.ledger.append(Event("built", tag=str(tag), image_id=f"sha256:{version}"))
    stand.host.ledger.append(Event("built", tag="v1.2.0-abc12de", image_id="sha256:gone"))
    assert name(stand, "latest") == "v1.0.0-abc12de"


def test_a_release_of_another_service_or_environment_alone_is_none_of_ours(stand: Bench) -> None:
    ours = stand.image("1.0.0")
    labels = {"io.relctl.service": "svc", "io.relctl.tag": "v2.0.0-abc12de"}
    stand.engine.add(
        Image("sha256:held", ("relctl-hold/svc-other-123456:v2.0.0-abc12de",), labels, (), "", 1)
    )
    assert known(stand.host.project, stand.engine) == [ours]


def test_a_slip_in_a_whole_tag_is_answered_with_the_closest(stand: Bench) -> None:
    stand.image("1.0.0")
    for words, refusal in (
        ("v1.0.0-abc12dx", "no release here is v1.0.0-abc12dx"),
        ("v1.0-abc12de", "'v1.0-abc12de' is not a release tag; one looks like v1.2.0-abc12de"),
    ):
        with pytest.raises(UsageError) as raised:
            name(stand, words)
        assert raised.value.message == f"{refusal}; did you mean v1.0.0-abc12de?"
    wrong = Tag.parse("v1.0.0-abc12df")
    with pytest.raises(
        UsageError, match=r"no image svc:v1\.0\.0-abc12df in .*; did you mean v1\.0\.0-abc12de\?"
    ):
        resolve(stand.host.project, stand.engine, wrong)


def test_what_is_no_tag_is_none_without_an_engine_too(stand: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(_label: str) -> list[Image]:
        raise EngineError("silent")

    monkeypatch.setattr(stand.engine, "images", silent)
    with pytest.raises(UsageError, match=r"^'no tag' is not a release tag; one looks like v1\.2\.0-abc12de$"):
        name(stand, "no tag")
    with pytest.raises(EngineError, match="silent"):
        name(stand, "1.0.0")


def test_nothing_is_no_tag_and_nothing_is_asked(stand: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stand.engine, "images", lambda _label: pytest.fail("it was asked"))
    with pytest.raises(UsageError, match="'' is not a release tag"):
        name(stand, "")
