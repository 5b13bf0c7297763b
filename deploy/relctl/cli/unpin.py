"""`relctl unpin`: let retention decide about a release again."""

from typing import Annotated

import typer

from relctl.cli.context import settings


def unpin(
    context: typer.Context,
    tag: Annotated[str, typer.Argument(help="A pinned release.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; kept in the ledger.")] = "",
) -> None:
    """Take a pin back; nothing is removed before the next promote or prune."""
    from relctl.release import Tag
    from relctl.rollout.pin import unpin as unpin_release

    release, chosen = Tag.parse(tag), settings(context)
    unpin_release(chosen.host(), release, reason)
    chosen.speaker.emit({"tag": tag, "verdict": "unpinned"}, lambda: print(f"{tag} is not pinned any more"))
