"""Start the service and the baseline on free ports, and wait until they can translate."""

import http.client
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ports import free_port
from scratch import ROOT
from service_parts import processes
from service_parts.models import Decoding
from service_parts.processes import Group
from service_parts.programs import QUIET

WORKERS = 4  # of the baseline
_LONGEST_START = 180.0  # seconds


class StartError(RuntimeError):
    """A server ended, or did not become ready."""


@dataclass(frozen=True)
class Server:
    """A server that is ready; `started` is how many seconds that took."""

    port: int
    group: Group
    started: float


@contextmanager
def service(code: Path, model: Path, decoding: Decoding, **settings: str) -> Iterator[Server]:
    """Run the service in `code` (its folder) for the time of the block; `settings` are the service's.

    If not told otherwise it has no cache, which would answer what was asked before, where translating is
    measured; and time enough for its slowest form.
    """
    port = free_port()
    environment = {
        "PYTHONPATH": str(code),
        "PORT": str(port),
        "CACHE_BYTES": "0",
        "DEADLINE": "300",
        **_decoding(model, decoding),
        "LENGTH_PENALTY": str(decoding.length_penalty),
        "NO_REPEAT_NGRAM_SIZE": str(decoding.no_repeat_ngram_size),
        **QUIET,
        **settings,
    }
    command = [sys.executable, "-m", "translator.server"]
    with _serving(command, environment, port, lambda _: _ready(port)) as server:
        yield server


@contextmanager
def baseline(model: Path, decoding: Decoding, threads: str) -> Iterator[Server]:
    """Run the baseline for the time of the block; `threads` of torch in each worker, "" for its default."""
    port = free_port()
    environment = {**_decoding(model, decoding), "TORCH_THREADS": threads, **QUIET}
    folder = str(ROOT / "benchmarks")
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}"]
    command += ["--workers", str(WORKERS), "--timeout", "300"]
    command += ["--no-control-socket", "--chdir", folder, "--pythonpath", folder, "baseline_app:app"]
    with _serving(command, environment, port, _all_loaded) as server:
        yield server


def _decoding(model: Path, decoding: Decoding) -> dict[str, str]:
    return {
        "MODEL_DIR": str(model),
        "BEAM_SIZE": str(decoding.beam_size),
        "MAX_DECODING_LENGTH": str(decoding.max_length),
    }


@contextmanager
def _serving(
    command: list[str], environment: Mapping[str, str], port: int, ready: Callable[[Group], bool]
) -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="relctl-bench-") as folder:
        began = time.perf_counter()
        with processes.running(command, environment, Path(folder) / "log") as group:
            while not ready(group):
                _check(group, began)
                time.sleep(0.005)
            yield Server(port, group, time.perf_counter() - began)


def _check(group: Group, began: float) -> None:
    if not group.running:
        raise StartError(f"a server ended before it was ready:\n{group.words()}")
    if time.perf_counter() - began > _LONGEST_START:
        raise StartError(f"a server was not ready within {_LONGEST_START:g} s:\n{group.words()}")


def _ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _all_loaded(group: Group) -> bool:
    return group.words().count("model loaded") == WORKERS
