"""Which release is meant by what a person types where a tag is taken: a version, a commit, HEAD, latest."""

import difflib
import re
from collections.abc import Callable, Sequence

from relctl.config.project import Project
from relctl.engine.labels import SERVICE, TAG
from relctl.engine.leases import names
from relctl.engine.protocol import Engine, Image
from relctl.errors import EngineError, UsageError
from relctl.rollout.host import paths_of
from relctl.state.ledger import Ledger
from relctl.tag import Tag, is_version

HEAD, LATEST = "HEAD", "latest"
_COMMIT = re.compile(r"[0-9a-f]{4,40}")
_BRIEFLY = 2.0  # seconds that the engine has to tell of which tags a wrong one may be a slip
_SHOWN = 10  # candidates in a message


def find(project: Project, engine: Engine, words: str) -> Tag:
    """Return the tag of the release that words name; raises UsageError for none, and for several with all.

    They are the whole tag, its version or commit, or the beginning of a commit; `HEAD`, the release of the
    commit that is checked out; `latest`, the one that was built last in this environment.
    """
    if words == HEAD:
        return _of_head(project, known(project, engine))
    if words == LATEST:
        return _built_last(project, known(project, engine))
    if _is_short(words):
        return choose(words, known(project, engine))
    return _whole(words, lambda: known(project, engine.within(_BRIEFLY)))


def known(project: Project, engine: Engine) -> list[Tag]:
    """Return the tags of the releases of this service that the engine has here, the highest version first."""
    return sorted(images(project, engine), reverse=True)


def images(project: Project, engine: Engine) -> dict[Tag, Image]:
    """Return the images of this service by their tags, without those that only others have names for."""
    found = {}
    for image in engine.images(f"{SERVICE}={project.versions.service}"):
        tag, named = _tag(image), names(project, image)
        if tag is not None and (named.plain or named.own):
            found[tag] = image
    return found


def choose(words: str, tags: Sequence[Tag]) -> Tag:
    """Return the one tag that short words match; raises UsageError."""
    found = [tag for tag in tags if _matches(words, tag)]
    if not found:
        raise UsageError(
            f"no release here is {words}{slip(words, tags)}", "relctl releases lists what is there"
        )
    return _only(words, found)


def _only(words: str, found: Sequence[Tag]) -> Tag:
    if len(found) > 1:
        raise UsageError(
            f"{words} may be any of {_listed(found)}", "the same command with the whole tag, or its commit"
        )
    return found[0]


def slip(words: str, tags: Sequence[Tag]) -> str:
    """Say which tags words may have been meant for, "" where none is close."""
    close = difflib.get_close_matches(words, [*map(str, tags), HEAD, LATEST], n=3)
    return f"; did you mean {' or '.join(close)}?" if close else ""


def _matches(words: str, tag: Tag) -> bool:
    if _COMMIT.fullmatch(words):
        return _same_commit(words, tag)
    version = words.removeprefix("v")
    begun = version.startswith(f"{tag.version}-") and f"{tag.version}-{tag.commit}".startswith(version)
    return version == tag.version or begun


def _same_commit(commit: str, tag: Tag) -> bool:
    """Return whether one of two commits, of which either may be shortened, begins with the other."""
    return commit.startswith(tag.commit) or tag.commit.startswith(commit)


def _whole(words: str, tags: Callable[[], list[Tag]]) -> Tag:
    """Read a whole tag; what is none is held against the `tags` that there are, if they can be told."""
    try:
        return Tag.parse(words)
    except UsageError as error:
        if not words:
            raise
        try:
            close = slip(words, tags())
        except EngineError:
            close = ""  # no tag it is, whatever the engine would say
        raise UsageError(f"{error.message}{close}", error.hint) from None


def _is_short(words: str) -> bool:
    return is_version(words.removeprefix("v")) or _COMMIT.fullmatch(words) is not None


def _of_head(project: Project, tags: Sequence[Tag]) -> Tag:
    from relctl.source.git import Git  # imported here: seldom needed

    commit = Git(project.root).text("rev-parse", "--verify", "HEAD")
    found = [tag for tag in tags if not tag.dirty and _same_commit(commit, tag)]
    if not found:
        raise UsageError(f"HEAD is {commit[:7]}, of which there is no release here", "relctl build")
    return _only(HEAD, found)


def _built_last(project: Project, tags: Sequence[Tag]) -> Tag:
    by_name = {str(tag): tag for tag in tags}
    events = Ledger(paths_of(project).ledger).salvage().events
    built = (by_name[each.tag] for each in reversed(events) if each.event == "built" and each.tag in by_name)
    found = next(built, None)
    if found is None:
        raise UsageError(
            f"no release that is there was built in {project.name}, so none is the latest",
            "relctl releases lists what is there; relctl build makes one from HEAD",
        )
    return found


def _listed(tags: Sequence[Tag]) -> str:
    more = f", and {len(tags) - _SHOWN} more" if len(tags) > _SHOWN else ""
    return ", ".join(map(str, tags[:_SHOWN])) + more


def _tag(image: Image) -> Tag | None:
    try:
        return Tag.parse(image.labels.get(TAG, ""))
    except UsageError:
        return None
