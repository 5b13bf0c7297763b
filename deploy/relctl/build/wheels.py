"""Fetching the wheels that requirements.lock pins, for any platform, with pip."""

import re
import sys
from pathlib import Path

from relctl.build import program, requirements
from relctl.build.cache import key
from relctl.build.order import Order
from relctl.build.target import Target
from relctl.errors import BuildError


def fetch(order: Order, lock: str) -> list[Path]:
    """Return the wheels of a lock's text, from the cache when they have been fetched before; maybe none.

    Raises ConfigError for a lock without hashes, BuildError naming what has no wheel for the platform.
    """
    python, target = order.versions.python, order.target
    pinned = requirements.read(lock, str(order.versions.requirements))
    if not pinned:
        return []

    def fill(folder: Path) -> None:
        order.say(f"fetching {len(pinned)} wheels for {target.platform}, Python {python}")
        _download(order, lock, folder)

    return sorted(order.cache.wheels(key(lock, python, target.platform), fill).glob("*.whl"))


def _download(order: Order, lock: str, folder: Path) -> None:
    listed = folder / "requirements.lock"
    listed.write_text(lock, encoding="utf-8")
    command = _command(folder, order.versions.python, order.target)
    done = program.run([*command, "--requirement", listed.name], folder)
    listed.unlink()
    if done.returncode != 0:
        platform = f"{order.target.platform}, Python {order.versions.python}"
        raise _in_words(done.stderr.decode(errors="replace"), str(order.versions.requirements), platform)


def _command(folder: Path, python: str, target: Target) -> list[str]:
    """Only wheels, only of the pinned hashes, and only what is listed: nothing is resolved here."""
    platforms = [f"--platform={tag}" for tag in target.wheel_tags]
    quiet = ["--disable-pip-version-check", "--no-input", "--progress-bar=off", "--quiet"]
    return [
        *(sys.executable, "-m", "pip", "download", f"--dest={folder}", *quiet),
        *("--require-hashes", "--only-binary=:all:", "--no-deps"),
        *(
            "--implementation=cp",
            f"--python-version={python}",
            f"--abi=cp{python.replace('.', '')}",
            *platforms,
        ),
    ]


def _in_words(errors: str, where: str, platform: str) -> BuildError:
    missing = re.search(r"No matching distribution found for (\S+)", errors)
    if missing is not None:
        return BuildError(
            f"{where}: no index that pip asks here has a wheel of {missing[1]} for {platform}",
            "choose a version that has one in requirements.in, then relctl lock",
        )
    altered = re.search(r"(\S+) from .*\n\s+Expected sha256 .*\n(?:.* or .*\n)*\s+Got\s+(\w+)", errors)
    if altered is not None:
        return BuildError(
            f"{where}: the wheel of {altered[1]} for {platform} has a sha256 that is not in it, {altered[2]}",
            "look what changed, the lock or the index; if the index is right: relctl lock",
        )
    said = re.findall(r"^ERROR: (.+)", errors, re.MULTILINE) or [errors.strip()[-300:]]
    return BuildError(
        f"{where}: the wheels cannot be fetched: {'; '.join(said)}", "pip config list shows what is asked"
    )
