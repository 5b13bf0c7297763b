"""Know whether the service is starting, ready or draining, and hold the translator once it is loaded."""

from __future__ import annotations

import threading
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the engine's libraries are imported by the thread that loads the model
    from translator.batching.translator import Translator


class Phase(Enum):
    """Where a process is between its start and its end."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"


class NotReadyError(Exception):
    """There is no model yet, or there will soon be none."""

    retry_after = 1  # seconds


class Lifecycle:
    """Moves from starting to ready to draining, never back; safe to ask from any thread."""

    def __init__(self, patience: float = 2.0) -> None:
        """`patience`: seconds that `await_translator` waits for a model which is still being loaded."""
        self._patience = patience
        self._loaded = threading.Event()
        self._translator: Translator | None = None
        self._draining = False

    @property
    def phase(self) -> Phase:
        """The phase right now."""
        if self._draining:
            return Phase.DRAINING
        return Phase.READY if self._loaded.is_set() else Phase.STARTING

    @property
    def translator(self) -> Translator | None:
        """The translator, or None while the model is being loaded; never waits."""
        return self._translator

    def await_translator(self) -> Translator:
        """Return the translator, waited for; raises NotReadyError when `patience` ends before there is one.

        Waiting is for the live slot that crashed and came back: its proxy sends requests as soon as
        it listens, a moment before the model is loaded. A draining service has one too,
        because a request that has arrived is better answered than refused.
        """
        self._loaded.wait(self._patience)
        if self._translator is None:
            raise NotReadyError("The model is being loaded; try again in a moment.")
        return self._translator

    def become_ready(self, translator: Translator) -> None:
        """Hand out `translator` from now on."""
        self._translator = translator
        self._loaded.set()

    def drain(self) -> None:
        """Ask for no more work; takes no lock, because a signal handler calls it."""
        self._draining = True

    def require_ready(self) -> None:
        """Raise NotReadyError unless new work should be sent here."""
        if self.phase is not Phase.READY:
            raise NotReadyError(f"The service is {self.phase.value}.")
