"""Read the settings from the environment, once, and name the variable that is wrong."""

from enum import StrEnum
from pathlib import Path
from typing import Any, Self

import pydantic_settings
from pydantic import (
    DirectoryPath,
    Field,
    FilePath,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from translator.container import available_cpus
from translator.engines.protocol import Decoding

SECRETS = Path("/run/secrets")
_MOST_CPUS = 64


def _default_cpus() -> int:
    # Pydantic does not hold a default against its limits, and a larger machine has to start too.
    return min(available_cpus(), _MOST_CPUS)


class SettingsError(ValueError):
    """A variable of the environment is missing or makes no sense."""


class EngineName(StrEnum):
    """The engines that ENGINE can name."""

    CTRANSLATE2 = "ctranslate2"
    TORCH = "torch"


class LogLevel(StrEnum):
    """The levels that LOG_LEVEL can name."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Settings(BaseSettings):
    """What an operator may choose, each by the variable of the same name; service/README.md has the table.

    An empty variable counts as not set. Values are taken as they stand: nothing in them is expanded.
    """

    model_config = SettingsConfigDict(
        frozen=True, env_ignore_empty=True, secrets_dir=SECRETS if SECRETS.is_dir() else None
    )

    model_dir: DirectoryPath
    release_file: Path | None = None
    port: int = Field(8000, ge=1, le=65535)
    threads: int = Field(80, ge=1, le=1024)
    cpus: int = Field(default_factory=_default_cpus, ge=1, le=_MOST_CPUS)

    engine: EngineName = EngineName.CTRANSLATE2
    beam_size: int = Field(4, ge=1, le=16)
    length_penalty: float = Field(1.0, ge=0, le=5, allow_inf_nan=False)
    no_repeat_ngram_size: int = Field(6, ge=0, le=100)
    max_decoding_length: int = Field(128, ge=1, le=512)

    batching: bool = True
    batch_tokens: int = Field(256, ge=1, le=65_536)
    queue_requests: int = Field(64, ge=1, le=1024)
    queue_characters: int = Field(200_000, ge=1)
    deadline: float = Field(20.0, gt=0, le=3600, allow_inf_nan=False)
    cache_bytes: int = Field(8 * 1024**2, ge=0)

    max_characters: int = Field(5000, ge=1, le=100_000)
    max_items: int = Field(1000, ge=1, le=10_000)
    max_total_characters: int = Field(100_000, ge=1, le=1_000_000)
    blocked_words_file: FilePath | None = None

    api_keys: str = ""
    jwt_secret: SecretStr | None = None
    jwt_public_key: str = ""
    jwt_issuer: str = ""
    jwt_audience: str = ""
    rate_limit: str = ""
    open_status: bool = True

    access_log: bool = True
    log_level: LogLevel = LogLevel.INFO

    @field_validator("log_level", "engine", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.threads <= self.queue_requests:
            words = (
                f"it must be more than QUEUE_REQUESTS ({self.queue_requests}), or nothing could be refused"
            )
            raise ValueError(f"THREADS is {self.threads}; {words}")
        if self.max_total_characters < self.max_characters:
            words = f"it must be MAX_CHARACTERS ({self.max_characters}) at least"
            raise ValueError(f"MAX_TOTAL_CHARACTERS is {self.max_total_characters}; {words}")
        if self.queue_characters < self.max_total_characters:
            words = f"it must be MAX_TOTAL_CHARACTERS ({self.max_total_characters}) at least"
            raise ValueError(f"QUEUE_CHARACTERS is {self.queue_characters}; {words}")
        return self

    @property
    def decoding(self) -> Decoding:
        """The settings of the search."""
        return Decoding(
            beam_size=self.beam_size,
            length_penalty=self.length_penalty,
            no_repeat_ngram_size=self.no_repeat_ngram_size,
            max_decoding_length=self.max_decoding_length,
        )


def read_settings() -> Settings:
    """Return the settings; raises SettingsError with a sentence for each variable that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("; ".join(_sentence(each) for each in error.errors())) from None
    except (pydantic_settings.SettingsError, UnicodeDecodeError) as error:  # a file in SECRETS
        raise SettingsError(f"{SECRETS}: {error}") from None


def _sentence(error: Any) -> str:
    if not error["loc"]:  # of the settings together
        return str(error["ctx"]["error"])
    name = str(error["loc"][0]).upper()
    if error["type"] == "missing":
        return f"{name} is not set; it names the directory of a model"
    message = str(error["msg"])
    if message.startswith("Input should be "):
        return f"{name} is {error['input']!r}; it should be {message.removeprefix('Input should be ')}"
    return f"{name} is {error['input']!r}: {message[:1].lower()}{message[1:]}"
