"""How a signal ends a command: as an exception, so that every step on the way out is undone."""

import signal


class Interrupted(BaseException):
    """A person, or the system, asked this process to end."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number
        self.exit_code = 128 + number
