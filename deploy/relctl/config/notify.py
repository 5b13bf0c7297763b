"""The model of an environment's `notify`: who is notified of which events."""

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from relctl.config.units import SomeSeconds
from relctl.config.validate import WITHHELD, Section


def _webhook(value: Any) -> Any:
    """Check a URL; the error must not repeat it, because it may hold a secret."""
    try:
        parts = urlsplit(str(value))
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if (
        not good
        or not isinstance(value, str)
        or not value.isascii()
        or not value.isprintable()
        or " " in value
    ):
        raise PydanticCustomError(WITHHELD, "a webhook looks like https://host/path")
    return value


Webhook = Annotated[SecretStr, BeforeValidator(_webhook)]


class Hook(Section):
    """One recipient: a program, which gets the event on standard input, or a webhook, by POST."""

    on: list[Literal["promoted", "rolled-back", "aborted"]] = Field(min_length=1)
    run: list[str] | None = Field(default=None, min_length=1)
    webhook: Webhook | None = None
    timeout: SomeSeconds = 10.0

    @model_validator(mode="after")
    def _one_of_two(self) -> "Hook":
        if (self.run is None) == (self.webhook is None):
            raise ValueError("give either run or webhook")
        return self
