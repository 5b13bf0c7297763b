"""Fixtures that every test may use."""

from collections.abc import Iterator

import pytest

from scratch import Scratch, echo_project


@pytest.fixture
def echo() -> Iterator[Scratch]:
    """A scratch project of the echo service, with nothing built yet."""
    with echo_project() as project:
        yield project
