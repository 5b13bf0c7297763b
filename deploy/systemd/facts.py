"""Print the facts that install.sh needs about an environment.

    python deploy/systemd/facts.py PROJECT ENVIRONMENT

The first line is the folder of relctl's own Nginx, empty in system mode. The rest is a systemd
EnvironmentFile= with this shell's variables that the environment depends on: each `RELCTL_<KEY>` that
overrides its file, and each `${VAR}` in the file, such as a webhook's address.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from relctl.config.project import Project, load
from relctl.errors import RelctlError, UsageError
from relctl.escape import escaped
from relctl.rollout.host import paths_of


class Asked(Mapping[str, str]):
    """The variables of this shell; `found` holds those that were read."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        """Return a variable and record the access."""
        self.found[name] = os.environ[name]
        return self.found[name]

    def __iter__(self) -> Iterator[str]:
        """Yield every name."""
        return iter(os.environ)

    def __len__(self) -> int:
        """Count the variables."""
        return len(os.environ)


def facts(root: Path, environment: str) -> str:
    """Return the text that install.sh reads; raises RelctlError."""
    asked = Asked()
    project = load(root, environment, asked)
    variables = "".join(f"{name}={quoted(name, value)}\n" for name, value in sorted(asked.found.items()))
    return f"{_nginx_folder(project)}\n{variables}"


def quoted(name: str, value: str) -> str:
    """Quote a value for systemd; raises UsageError, which does not repeat the value."""
    if any("\udc80" <= sign <= "\udcff" for sign in value):
        raise UsageError(f"{name} is not UTF-8, and systemd reads nothing else", f"unset {name}")
    if any((sign < " " and sign not in "\t\n") or sign == "\x7f" for sign in value):
        raise UsageError(f"{name} holds control characters, which systemd refuses", f"unset {name}")
    return '"' + "".join(f"\\{sign}" if sign in '"\\$`' else sign for sign in value) + '"'


def _nginx_folder(project: Project) -> str:
    return str(paths_of(project).proxy) if project.environment.proxy.mode == "managed" else ""


def main() -> None:
    """Print the facts, or one error."""
    try:
        text = facts(Path(sys.argv[1]), sys.argv[2])
    except RelctlError as error:
        sys.exit(escaped(f"install: error: {error.message}\n        next: {error.hint}"))
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
