"""Holds the sentences of one batch while it is filled, and says which ones still fit."""

from translator.batching.job import Job, Ticket


class Batch:
    """Sentences of one bucket that the engine will translate together."""

    def __init__(self, bucket: int, tokens: int, sentences: int) -> None:
        """`tokens`: padded, at most; `sentences`: at most."""
        self.bucket = bucket
        self.tickets: list[Ticket] = []
        self._tokens = tokens
        self._sentences = sentences
        self._longest = 0

    @property
    def full(self) -> bool:
        """Whether not even the shortest sentence fits."""
        return not self.fits(1)

    def fits(self, length: int) -> bool:
        """Whether one more sentence of `length` tokens fits; the first one always does."""
        if not self.tickets:
            return True
        # A batch costs what its longest sentence costs, for each of its sentences.
        padded = max(self._longest, length) * (len(self.tickets) + 1)
        return len(self.tickets) < self._sentences and padded <= self._tokens

    def add(self, job: Job) -> None:
        """Takes the next sentence of the job."""
        ticket = job.take(self.bucket)
        self._longest = max(self._longest, len(ticket.pieces))
        self.tickets.append(ticket)
