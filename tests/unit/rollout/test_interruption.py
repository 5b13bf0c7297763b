"""Signals wait until what must not be left half done is done."""

import signal
from collections.abc import Iterator
from types import FrameType

import pytest

from relctl.state.signals import held_back


class Interrupted(BaseException):
    pass


@pytest.fixture(autouse=True)
def handler() -> Iterator[None]:
    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGTERM, interrupt)
    yield
    signal.signal(signal.SIGTERM, before)


def test_a_signal_acts_only_after_the_block() -> None:
    done = []

    def work() -> None:
        with held_back():
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGTERM)
            done.append("all of it")

    with pytest.raises(Interrupted):
        work()
    assert done == ["all of it"]


def test_signals_act_at_once_again_afterwards() -> None:
    with held_back():
        pass
    with pytest.raises(Interrupted):
        signal.raise_signal(signal.SIGTERM)


def test_an_error_in_the_block_comes_through() -> None:
    with pytest.raises(ValueError, match="mine"), held_back():
        raise ValueError("mine")


def test_one_that_is_ignored_does_not_take_the_place_of_one_that_is_not() -> None:
    def work() -> None:
        with held_back():
            signal.raise_signal(signal.SIGHUP)
            signal.raise_signal(signal.SIGTERM)

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with pytest.raises(Interrupted):
            work()
    finally:
        signal.signal(signal.SIGHUP, before)
