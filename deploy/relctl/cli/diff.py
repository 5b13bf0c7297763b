"""`relctl diff`: the differences between two releases."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from relctl.cli.completion import Release
from relctl.cli.context import settings
from relctl.cli.output import show, table
from relctl.tag import COMMIT_DIGITS

if TYPE_CHECKING:
    from relctl.source.origin import Commit, CommitsBetween
    from relctl.verify.diff import Difference, Pairs

_SHOWN = 20  # sentences, and commits of each release


def diff(
    context: typer.Context,
    first: Release,
    second: Release,
) -> None:
    """Compare two releases: commits, labels, dependencies, model, size, figures of gates, translations."""
    from relctl.engine.leases import resolve
    from relctl.errors import UsageError
    from relctl.source.origin import commits_between
    from relctl.verify.diff import Side, compare

    chosen = settings(context)
    tags = chosen.tag(first), chosen.tag(second)
    first, second = map(str, tags)
    host = chosen.host()
    images = [resolve(host.project, host.engine, tag) for tag in tags]
    one, other = (
        Side(str(tag), image, host.evidence.newest(image.id)) for tag, image in zip(tags, images, strict=True)
    )
    try:
        found = compare(host.engine, one, other)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"the evidence of {first} or {second} is damaged: {error}",
            f"relctl verify {first}; relctl verify {second}",
        ) from None
    commits = commits_between(host.project.root, *images)
    chosen.speaker.emit(
        {**asdict(found), "commits": asdict(commits)}, lambda: _print(found, commits, first, second)
    )


def _print(found: "Difference", commits: "CommitsBetween", first: str, second: str) -> None:
    show(f"size: {_megabytes(found.size_bytes[0])}, {_megabytes(found.size_bytes[1])}")
    show(f"{found.shared_layers} layers are the same")
    for tag, size in zip((first, second), found.own_layer_bytes, strict=True):
        show(f"only in {tag}: {_megabytes(size)} of layers")
    _print_commits(commits, first, second)
    for name, differing in (
        ("label", found.labels),
        ("dependency", found.dependencies),
        ("model", found.model),
        ("figure", found.figures),
    ):
        _print_pairs(name, differing, first, second)
    for tag in found.unproved:
        show(f"no evidence for {tag}, so no figures and no translations: relctl verify {tag}")
    if found.compared_sentences:
        show()
        show(f"{len(found.translations)} of {found.compared_sentences} translations differ")
    for change in found.translations[:_SHOWN]:
        show(f"  {change.source}")
        show(f"    {first}  {change.first}")
        show(f"    {second}  {change.second}")


def _print_commits(found: "CommitsBetween", first: str, second: str) -> None:
    if found.unknown:
        show()
        show(f"commits unknown: {found.unknown}")
    for tag, commits in ((first, found.first), (second, found.second)):
        if commits:
            show()
            table((f"only in {tag}", "date", "author", "subject"), [_row(each) for each in commits[:_SHOWN]])
        if len(commits) > _SHOWN:
            show(f"… and {len(commits) - _SHOWN} more")


def _row(commit: "Commit") -> tuple[str, ...]:
    return commit.revision[:COMMIT_DIGITS], commit.at[:10], commit.author, commit.subject


def _megabytes(size: int | None) -> str:
    return "an unknown size" if size is None else f"{size / 1e6:.1f} MB"


def _print_pairs(name: str, differing: "Pairs", first: str, second: str) -> None:
    if differing:
        show()
        rows = [
            (key, *("" if value is None else str(value) for value in pair)) for key, pair in differing.items()
        ]
        table((name, first, second), rows)
