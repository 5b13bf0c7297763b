"""How a container ended, in words that say what to look for."""

from dataclasses import replace

import pytest

from relctl.engine import docker_inspect
from relctl.engine.protocol import Container, how_it_ended, restarted, spelled

MIB = 1024**2
ENDED = Container("c", "sha256:1", {}, False, 0, 137, "", memory_limit=256 * MIB)


@pytest.mark.parametrize(
    ("code", "killed_for_memory", "words"),
    [
        (137, True, "137, out of memory (limit 256m)"),
        (0, True, "0, out of memory (limit 256m)"),  # a worker was; its master ended in good order
        (137, False, "137, killed by SIGKILL"),
        (139, False, "139, killed by SIGSEGV"),
        (134, False, "134, killed by SIGABRT"),
        (143, False, "143, killed by SIGTERM"),
        (127, False, "127, its command, or a library that it needs, was not found"),
        (126, False, "126, its command cannot be executed"),
        (0, False, "0, it ended by itself, without an error"),
        (1, False, "1"),
        (3, False, "3"),
        (255, False, "255"),
    ],
)
def test_an_exit_code_is_told_in_words(code: int, killed_for_memory: bool, words: str) -> None:
    assert how_it_ended(replace(ENDED, exit_code=code, out_of_memory=killed_for_memory)) == words


@pytest.mark.parametrize(
    ("size", "words"), [(256 * MIB, "256m"), (1024**3, "1g"), (1536 * MIB, "1536m"), (4096, "4k"), (5, "5")]
)
def test_a_limit_is_spelled_as_in_the_file(size: int, words: str) -> None:
    assert spelled(size) == words


@pytest.mark.parametrize(
    ("restarts", "killed_for_memory", "words"),
    [
        (0, False, ""),
        (1, False, ", restarted once"),
        (7, True, ", restarted 7 times, out of memory (limit 256m)"),
    ],
)
def test_restarts_are_counted(restarts: int, killed_for_memory: bool, words: str) -> None:
    assert restarted(replace(ENDED, restarts=restarts, out_of_memory=killed_for_memory)) == words


def test_a_container_that_is_gone_was_not_restarted() -> None:
    assert restarted(None) == ""


def test_an_engine_that_tells_nothing_of_memory_is_believed() -> None:
    state = {"Running": False, "ExitCode": 137}
    found = {"Name": "/c", "Image": "i", "State": state, "Config": {"Labels": None}, "NetworkSettings": {}}
    assert not docker_inspect.container(found).out_of_memory
    told = found | {"State": state | {"OOMKilled": True}, "HostConfig": {"Memory": 5 * MIB}}
    assert how_it_ended(docker_inspect.container(told)) == "137, out of memory (limit 5m)"
