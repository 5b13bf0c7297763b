"""`relctl diff`: what is different between two releases."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from relctl.cli.context import settings
from relctl.cli.speak import table

if TYPE_CHECKING:
    from relctl.verify.difference import Difference, Pairs

_SHOWN = 20  # sentences


def diff(
    context: typer.Context,
    first: Annotated[str, typer.Argument(help="A release, like v1.1.0-abc12de.")],
    second: Annotated[str, typer.Argument(help="Another one, like v1.2.0-def34ab.")],
) -> None:
    """Compare labels, dependencies, model, size, figures of the gates, and translations of two releases."""
    from relctl.engine.resolve import resolve
    from relctl.errors import UsageError
    from relctl.release import Tag
    from relctl.verify.difference import Side, compare

    chosen = settings(context)
    tags = Tag.parse(first), Tag.parse(second)
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
    chosen.speaker.emit(asdict(found), lambda: _print(found, first, second))


def _print(found: "Difference", first: str, second: str) -> None:
    print(f"size: {_megabytes(found.size_bytes[0])}, {_megabytes(found.size_bytes[1])}")
    print(f"{found.shared_layers} layers are the same")
    for tag, size in zip((first, second), found.own_layer_bytes, strict=True):
        print(f"only in {tag}: {_megabytes(size)} of layers")
    for name, differing in (
        ("label", found.labels),
        ("dependency", found.dependencies),
        ("model", found.model),
        ("figure", found.figures),
    ):
        _print_pairs(name, differing, first, second)
    for tag in found.unproved:
        print(f"no evidence for {tag}, so no figures and no translations: relctl verify {tag}")
    if found.compared_sentences:
        print(f"\n{len(found.translations)} of {found.compared_sentences} translations differ")
    for change in found.translations[:_SHOWN]:
        print(f"  {change.source}\n    {first}  {change.first}\n    {second}  {change.second}")


def _megabytes(size: int | None) -> str:
    return "an unknown size" if size is None else f"{size / 1e6:.1f} MB"


def _print_pairs(name: str, differing: "Pairs", first: str, second: str) -> None:
    if differing:
        print()
        rows = [
            (key, *("" if value is None else str(value) for value in pair)) for key, pair in differing.items()
        ]
        table((name, first, second), rows)
