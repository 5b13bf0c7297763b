"""The real service, whose log must be free of mistakes and of callers' words when a test is done with it."""

import contextlib
from collections.abc import Iterator

from unit.translator.service_process import Service, Services

KEY = "tr_never-in-a-log"
TEXT = "北京天气很好。"


@contextlib.contextmanager
def clean_service(**environment: str) -> Iterator[Service]:
    """A ready service; AssertionError at the end if it has logged an error, a traceback, KEY or TEXT."""
    services = Services()
    try:
        service = services.start(**environment)
        service.wait_for("/readyz", 200)
        yield service
        service.process.terminate()
        assert_clean(service.errors())
    finally:
        services.end()


def assert_clean(log: str) -> None:
    assert '"level": "info"' in log
    for words in ('"level": "error"', '"level": "critical"', "Traceback", KEY, TEXT, ascii(TEXT)[1:-1]):
        assert words not in log
