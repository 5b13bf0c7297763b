"""relctl commands in processes that are forked, not started: what they import is paid once a run of tests.

A server imports all of relctl, and forks for each command. What a command does, how it ends, what a signal
does to it: all is as in a process of its own. What happens before relctl's first line is not tested so; tests
of that start the program.
"""

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NoReturn

_MESSAGE = 200_000  # bytes; a command line with its variables
_LIBRARIES = (
    "docker",
    "git",
    "matplotlib.figure",
    "numpy",
    "rich.table",
    "sacrebleu",
)  # relctl imports them late


def run(
    arguments: Sequence[str], folder: Path, environ: Mapping[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run a relctl command to its end; raises subprocess.TimeoutExpired, as subprocess.run does."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors, ours:
        with theirs:
            request = {"arguments": list(arguments), "folder": str(folder), "environ": dict(environ)}
            message = json.dumps(request | {"umask": _umask()}).encode()
            socket.send_fds(_server(), [message], [each.fileno() for each in (output, errors, theirs)])
        pid = int(ours.recv(_MESSAGE))
        ours.settimeout(timeout)
        try:
            code = int(ours.recv(_MESSAGE))
        except BaseException as error:  # a test that is interrupted must not go on elsewhere
            with contextlib.suppress(ProcessLookupError):  # it has just ended
                os.kill(pid, signal.SIGKILL)
            if isinstance(error, TimeoutError):
                raise subprocess.TimeoutExpired(["relctl", *arguments], timeout) from None
            raise
        return subprocess.CompletedProcess(["relctl", *arguments], code, _text(output), _text(errors))


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def _umask() -> int:
    before = os.umask(0o22)
    os.umask(before)
    return before


@functools.cache
def _server() -> socket.socket:
    """Start the server; it ends when nobody has this socket any more."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, __file__, str(theirs.fileno())],
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # only a process of one thread is safe to fork
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the tests: they end what they have started
        )
    atexit.register(_end, process, ours)
    return ours


def _end(process: subprocess.Popen[bytes], control: socket.socket) -> None:
    control.close()
    process.wait(timeout=30)


def _serve(control: socket.socket) -> None:
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # as relctl/cli/start.py does
    import relctl

    for module in pkgutil.walk_packages(relctl.__path__, "relctl."):
        if module.name != "relctl.__main__":
            importlib.import_module(module.name)
    for name in _LIBRARIES:
        importlib.import_module(name)
    gc.freeze()  # what lies still is shared with every command
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait for a command
    while True:
        message, files, *_ = socket.recv_fds(control, _MESSAGE, 3)
        if not message:
            return
        if os.fork() == 0:
            control.close()
            _attend(json.loads(message), files)
        for file in files:
            os.close(file)


def _attend(request: dict[str, Any], files: list[int]) -> NoReturn:
    """Fork the command, and tell its number and how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    output, errors, reply = files
    pid = os.fork()
    if pid == 0:
        os.close(reply)
        os.dup2(output, 1)
        os.dup2(errors, 2)
        _become(request)
    with socket.socket(fileno=reply) as asked:
        asked.send(b"%d" % pid)
        _, status = os.waitpid(pid, 0)
        with contextlib.suppress(BrokenPipeError):  # who asked has not waited
            asked.send(b"%d" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _become(request: dict[str, Any]) -> NoReturn:
    """Be the command, to its end."""
    os.umask(request["umask"])
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environ"])
    sys.argv = ["relctl", *request["arguments"]]
    code = 1
    try:
        from relctl.cli.start import main

        main()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - as Python ends a program
        traceback.print_exc()
    finally:
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
