"""How much one request may ask for."""

from dataclasses import dataclass
from typing import Self

from translator.settings import Settings

# The longest spelling of one character: a pair of escapes in JSON, four percent signs in a form.
_BYTES_PER_CHARACTER = 12
# The names, the quotes and an id around a text, indented.
_BYTES_AROUND_TEXT = 256
_BYTES_AROUND_ALL = 4096


@dataclass(frozen=True)
class Limits:
    """`characters` of one text, `items` (texts) and `total_characters` of one request."""

    characters: int
    items: int
    total_characters: int

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """What the operator chose."""
        return cls(settings.max_characters, settings.max_items, settings.max_total_characters)

    @property
    def body_bytes(self) -> int:
        """Bytes of the longest body that may be right, however its characters are spelt."""
        characters = max(self.characters, self.total_characters)
        return characters * _BYTES_PER_CHARACTER + self.items * _BYTES_AROUND_TEXT + _BYTES_AROUND_ALL

    @property
    def form_fields(self) -> int:
        """Fields of the longest form that may be right: every text is one, and there are options."""
        return self.items + 64
