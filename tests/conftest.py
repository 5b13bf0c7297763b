"""Fixtures that every test may use."""

from collections.abc import Iterator

import pytest

from scratch import Scratch, echo_project


@pytest.fixture
def echo() -> Iterator[Scratch]:
    """A scratch project of the echo service, with nothing built yet."""
    with echo_project() as project:
        yield project


@pytest.fixture(scope="module")
def shared_echo() -> Iterator[Scratch]:
    """A scratch project of the echo service that all tests of a file share."""
    with echo_project() as project:
        yield project


@pytest.fixture(scope="module")
def echo_tags(shared_echo: Scratch) -> list[str]:
    """Three proved releases of it, the oldest first."""
    return [shared_echo.proved(version) for version in ("1.0.0", "2.0.0", "3.0.0")]
