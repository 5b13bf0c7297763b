"""Test whether a request meets the close of an idle connection: POSTs timed to that moment, behind Nginx.

    python benchmarks/keep_alive.py [--services uvicorn,gunicorn,waitress,hypercorn,node,go]
                                    [--requests 3000] [--clients 50] [--nginx-keeps 50s]

Each service runs with its default settings, behind an Nginx of its own with relctl's templates. Clients
that keep their connections send all at once, and again one idle time later, each up to 10 ms before or after
it: Nginx's own, and the service's if a client can wait that long. `--nginx-keeps` is the control: with it
Nginx closes as late as it used to. The last line is one JSON object; the exit code is 1 if a request failed.
uvicorn, waitress and hypercorn are installed in the cache; node and go are used if the machine has them.
"""

import argparse
import asyncio
import json
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from machine import machine
from ports import free_port
from relctl.config.environment import Environment
from relctl.config.project import Project
from relctl.config.units import seconds
from relctl.config.versions import Versions
from relctl.proxy.proxy import Proxy
from relctl.proxy.upstream import of_the_folder
from relctl.state.paths import Paths

ROOT = Path(__file__).resolve().parent.parent
PARTS = Path(__file__).resolve().parent / "keep_alive_parts"
EDGE = 0.010  # seconds before and after
PINNED = ("uvicorn==0.38.0", "waitress==3.0.2", "hypercorn==0.18.0")
CACHE = ROOT / ".relctl" / "cache" / "keep-alive"
REQUEST = b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 13\r\n\r\n{"text": "x"}'


@dataclass(frozen=True)
class Service:
    """A service: its command, and the idle seconds until it closes; None if no client waits that long."""

    command: str
    keeps: float | None


SERVICES = {
    "uvicorn": Service("{python} -m uvicorn --log-level warning --port {port} app:asgi", 5.0),
    "gunicorn": Service("{own} -m gunicorn --threads 8 --log-level error -b 127.0.0.1:{port} app:wsgi", 2.0),
    "waitress": Service("{python} -m waitress --listen 127.0.0.1:{port} app:wsgi", None),
    "hypercorn": Service("{python} -m hypercorn -b 127.0.0.1:{port} app:asgi", 5.0),
    "node": Service("node app.js {port}", 5.0),
    "go": Service("{go} {port}", None),
}


def project(folder: Path, port: int, keeps: float | None, nginx_keeps: str) -> Project:
    """Create a project whose live slot is the service at `port`."""
    shutil.copytree(ROOT / "nginx", folder / "nginx")
    if nginx_keeps:
        template = folder / "nginx" / "service.conf.j2"
        text = template.read_text(encoding="utf-8")
        template.write_text(text.replace("{{ upstream.idle | duration }}", nginx_keeps), encoding="utf-8")
    versions = {
        "service": "keep-alive",
        "version": "1.0.0",
        "image": "keep-alive",
        "base": {"bootstrap": "bookworm"},
        "requirements": "none",
        "code": ["none"],
        "model": {"path": "none", "name": "none", "revision": "1", "sha256": "0" * 64, "license": "none"},
        "command": ["none"],
        "contract": {"port": 1, "keep_alive": f"{keeps or 120:g}s"},
    }
    environment = {
        "state_dir": str(folder / "state"),
        "proxy": {"listen": f"127.0.0.1:{free_port()}", "connections": 0},
        "network": {"publish": {"blue": port, "green": free_port()}},
    }
    return Project(
        folder, Versions.model_validate(versions), "bench", Environment.model_validate(environment)
    )


@contextmanager
def behind_nginx(name: str, nginx_keeps: str) -> Iterator[tuple[str, float]]:
    """Start a service and its Nginx; yield the address and Nginx's idle time."""
    service, port = SERVICES[name], free_port()
    folder = Path(tempfile.mkdtemp(prefix="relctl-bench-"))
    folder.chmod(0o755)
    made = project(folder, port, service.keeps, nginx_keeps)
    proxy = Proxy(made, Paths(made.state_dir, "keep-alive", "bench"))
    words = {"python": CACHE / "bin" / "python", "own": sys.executable, "go": CACHE / "go-service"}
    command = [word.format(**words, port=port) for word in service.command.split()]
    process = subprocess.Popen(command, cwd=PARTS)
    try:
        wait_for(port)
        proxy.pointer.move("blue")
        proxy.apply()
        idle = seconds(nginx_keeps) if nginx_keeps else of_the_folder(made)["blue"].idle
        yield made.environment.proxy.address, idle
    finally:
        proxy.down()
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder)


def wait_for(port: int) -> None:
    """Wait until a server listens."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


async def client(address: str, waits: list[float], found: Counter[str], start: asyncio.Barrier) -> None:
    """Send one POST after another over one connection; all clients wait for the same moments."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    for wait in waits:
        await start.wait()
        await asyncio.sleep(max(wait + random.uniform(-EDGE, EDGE), 0))
        try:
            writer.write(REQUEST)
            status = int((await reader.readuntil(b"\r\n")).split()[1])
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.split(b":")[1])
                for line in head.lower().split(b"\r\n")
                if line.startswith(b"content-length:")
            )
            await reader.readexactly(length)
        except (OSError, EOFError) as error:
            found[type(error).__name__] += 1
            reader, writer = await asyncio.open_connection(host, int(port))
        else:
            found[str(status)] += 1
    writer.close()


def edges(idle: float, keeps: float | None, rounds: int) -> list[float]:
    """Return the idle time before each request: Nginx's and the service's in turn."""
    each = [idle, keeps] if keeps else [idle]
    return [wait for number in range(rounds) if (wait := each[number % len(each)]) <= 60]


def measure(name: str, requests: int, clients: int, nginx_keeps: str) -> dict[str, Any]:
    """Send the given number of requests to a service at its idle times."""
    service = SERVICES[name]
    with behind_nginx(name, nginx_keeps) as (address, idle):
        if nginx_keeps:
            idle = service.keeps or idle
        waits = edges(idle, service.keeps, requests // clients)

        async def run() -> Counter[str]:
            found, start = Counter[str](), asyncio.Barrier(clients)
            await asyncio.gather(*(client(address, waits, found, start) for _ in range(clients)))
            return found

        found = asyncio.run(run())
    sent = sum(found.values())
    return {
        "requests": sent,
        "failed": sent - found["200"],
        "edges_s": sorted(set(waits)),
        "answers": dict(sorted(found.items())),
    }


def prepare(names: list[str]) -> list[str]:
    """Install missing servers; return the services that can run here."""
    if {"uvicorn", "waitress", "hypercorn"} & set(names) and not (CACHE / "bin" / "hypercorn").exists():
        subprocess.run([sys.executable, "-m", "venv", str(CACHE)], check=True)
        subprocess.run([str(CACHE / "bin" / "pip"), "install", "-q", *PINNED], check=True)
    if "go" in names and shutil.which("go"):
        CACHE.mkdir(parents=True, exist_ok=True)
        subprocess.run(["go", "build", "-o", str(CACHE / "go-service"), "app.go"], cwd=PARTS, check=True)
    return [name for name in names if name not in ("node", "go") or shutil.which(name)]


def main() -> int:
    """Measure and print the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--services", default=",".join(SERVICES))
    parser.add_argument("--requests", type=int, default=3_000)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--nginx-keeps", default="")
    options = parser.parse_args()
    names = options.services.split(",")
    ready = prepare(names)
    one = partial(
        measure, requests=options.requests, clients=options.clients, nginx_keeps=options.nginx_keeps
    )
    with ThreadPoolExecutor(len(names)) as pool:
        found = dict(zip(ready, pool.map(one, ready), strict=True))
    result = {
        "benchmark": "keep_alive",
        "services": found,
        "left_out": sorted(set(names) - set(ready)),
        "machine": machine(),
    }
    print(json.dumps(result, ensure_ascii=False))
    return 0 if all(each["failed"] == 0 for each in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
