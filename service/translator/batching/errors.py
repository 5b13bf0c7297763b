"""Why a request is not translated although nothing is wrong with it."""


class QueueFullError(Exception):
    """As much waits already as can be translated in a sensible time."""

    def __init__(self, retry_after: int) -> None:
        """`retry_after`: whole seconds after which another attempt makes sense."""
        super().__init__("The service is busy; try again in a moment.")
        self.retry_after = retry_after


class DeadlineError(Exception):
    """The translation was not done in time; what was still waiting of it is not done at all."""

    def __init__(self, seconds: float) -> None:
        """`seconds`: how long the request was given."""
        super().__init__(
            f"The translation took longer than {seconds:g} seconds; send less text, or try later."
        )
