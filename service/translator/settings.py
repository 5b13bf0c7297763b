"""Reads the settings from the environment, once, and names the variable that is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from translator.container import available_cpus


class SettingsError(ValueError):
    """A variable of the environment is missing or makes no sense."""


@dataclass(frozen=True)
class Settings:
    """What an operator may choose; service/README.md has the table."""

    model_dir: Path
    release_file: Path | None
    port: int
    threads: int
    cpus: int
    beam_size: int
    max_characters: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Raises SettingsError with one sentence that begins with the variable's name."""
        release_file = environment.get("RELEASE_FILE", "")
        return cls(
            model_dir=_directory(environment, "MODEL_DIR"),
            release_file=Path(release_file) if release_file else None,
            port=_integer(environment, "PORT", 8000, range(1, 65536)),
            threads=_integer(environment, "THREADS", 64, range(1, 129)),
            cpus=_integer(environment, "CPUS", available_cpus(), range(1, 65)),
            beam_size=_integer(environment, "BEAM_SIZE", 4, range(1, 17)),
            max_characters=_integer(environment, "MAX_CHARACTERS", 5000, range(1, 100_001)),
        )


def _directory(environment: Mapping[str, str], name: str) -> Path:
    value = environment.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set; it names the directory of a CTranslate2 model")
    if not Path(value).is_dir():
        raise SettingsError(f"{name} is {value!r}, which is not a directory")
    return Path(value)


def _integer(environment: Mapping[str, str], name: str, default: int, allowed: range) -> int:
    value = environment.get(name, "")
    if not value:
        return default
    try:
        number = int(value)
    except ValueError:
        raise SettingsError(f"{name} is {value!r}, which is not a whole number") from None
    if number not in allowed:
        raise SettingsError(f"{name} is {number}; it must be {allowed[0]} to {allowed[-1]}")
    return number
