"""Whiteout names: `.wh.NAME` in a layer removes NAME from the layers below it."""

from pathlib import PurePosixPath

from relctl.errors import BuildError

_PREFIX = ".wh."  # of the OCI image specification, layer.md


def insist_on_files(path: str, shown: str = "") -> None:
    """Raise BuildError for a path with a whiteout name in it; `shown` is the path for the message."""
    if any(part.startswith(_PREFIX) for part in PurePosixPath(path).parts):
        raise BuildError(
            f"{shown or path}: no file of an image can have a name that begins with {_PREFIX}: in a layer it"
            " removes what lies below",
            "give it another name, or leave it out",
        )
