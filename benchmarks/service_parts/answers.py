"""Separate right translations from wrong ones, by those that the service gave one by one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from service_parts import message
from service_parts.bench import say
from service_parts.load import Closed, put
from service_parts.models import Model
from service_parts.record import Record, Row
from service_parts.servers import Server


@dataclass(frozen=True)
class Expected:
    """Texts whose translations differ, and the translations."""

    texts: Sequence[str]
    translations: Sequence[str]
    exact: bool
    """Whether another translation is wrong even if it is nobody else's."""

    @property
    def messages(self) -> list[bytes]:
        """The requests for the texts."""
        return [message.translate(text) for text in self.texts]

    def tally(self, record: Record) -> dict[str, int]:
        """Return the 200s of a load: `right`, `wrong` and `rounded`.

        In a batch of another shape, floating point rounds in another way. That never decided between two
        pieces of a trained model, but between those of random weights it sometimes does: such a translation
        counts as `rounded` if it is not that of another text.
        """
        known = set(self.translations)
        found = Counter(self._judge(row, known) for row in record.rows() if row.status == 200)
        return {name: found[name] for name in ("right", "wrong", "rounded")}

    def _judge(self, row: Row, known: set[str]) -> str:
        answer = message.translation(row.body)
        if answer == self.translations[row.request % len(self.translations)]:
            return "right"
        return "wrong" if self.exact or not answer or answer in known else "rounded"


def ask_alone(server: Server, model: Model, number: int) -> Expected:
    """Ask for `number` texts one by one, and keep those whose translations no two have in common."""
    say(f"  {number} answers to compare with")
    texts = model.texts[:number]
    messages = [message.translate(text) for text in texts]
    record = put(server.port, 1, messages, Closed(600, most=number))
    found = [message.translation(row.body) if row.status == 200 else None for row in record.rows()]
    if None in found or len(found) != number:
        raise RuntimeError(f"the service did not answer one client: {record.statuses()}")
    count = Counter(found)
    kept = [
        (text, answer) for text, answer in zip(texts, found, strict=True) if answer and count[answer] == 1
    ]
    return Expected([text for text, _ in kept], [answer for _, answer in kept], model.trained)
