"""Where the `relctl` command begins: before anything is imported, so that importing is cheap."""

import gc
import os

# Modules stay until the end, so looking for garbage among them is lost time: an eighth of a warm rollback.
_OBJECTS = 200_000


def main() -> None:
    """Run the command line."""
    gc.set_threshold(_OBJECTS)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # it would read every package's metadata
    from relctl.cli.main import main as run

    run()
