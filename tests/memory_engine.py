"""An engine in memory: images are records, containers are real little HTTP servers in threads.

It stands in for the real one because one suite, tests/contract/test_engine.py, holds both to the same word.
"""

import contextlib
import itertools
import json
import resource
import socket
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from relctl.engine.labels import PORT
from relctl.engine.protocol import Container, ContainerSpec, Image, Network
from relctl.errors import EngineError


@dataclass
class _Entry:
    container: Container
    server: "_Server | None"
    log: list[tuple[float, str]] = field(default_factory=list)  # when, and a line


class MemoryEngine:
    """Keeps the `Engine` protocol; containers answer the HTTP contract from their image's labels.

    `manifests`: it is like containerd's image store, where an image's id is the digest of its manifest, and
    an archive is taken whatever layers it lacks. The classic store refuses one that lacks what no image has.
    """

    def __init__(self, manifests: bool = False) -> None:
        self._manifests = manifests
        self._images: dict[str, Image] = {}
        self._entries: dict[str, _Entry] = {}
        self._networks: dict[str, str] = {}
        self._contents: dict[str, set[str]] = {}  # the layers that are there of what was loaded, by image
        self._layer_sizes: dict[str, tuple[int, ...]] = {}
        self._programs: dict[str, list[subprocess.Popen[bytes]]] = {}
        self._folders: dict[str, tempfile.TemporaryDirectory[str]] = {}
        self.started: list[str] = []  # the names of containers, as often as each was started

    def within(self, seconds: float) -> "MemoryEngine":
        return self

    def image(self, reference: str) -> Image | None:
        named = (image for image in self._images.values() if reference in (image.id, *image.tags))
        return next(named, None)

    def images(self, label: str) -> list[Image]:
        key, _, value = label.partition("=")
        found = [image for image in self._images.values() if key in image.labels]
        return [image for image in found if not value or image.labels[key] == value]

    def layer_sizes(self, reference: str) -> tuple[int, ...]:
        return self._layer_sizes.get(reference, ())

    def ids_are_manifests(self) -> bool:
        return self._manifests

    def load(self, archive: Path) -> None:
        with tarfile.open(archive) as tar:
            try:
                manifest = json.load(tar.extractfile("manifest.json"))  # type: ignore[arg-type]
            except (KeyError, tarfile.TarError) as error:
                raise EngineError(f"the engine refuses the image archive: {error}") from error
            for each in manifest:
                self._take(tar, each)

    def _take(self, tar: tarfile.TarFile, each: Mapping[str, Any]) -> None:
        image = _image(each["RepoTags"], tar.extractfile(each["Config"]).read())  # type: ignore[union-attr]
        given = {f"sha256:{Path(name).name}" for name in tar.getnames()}
        has = {layer for layer in image.layers if layer in given or self._has(layer)}
        if self._manifests:
            image = replace(image, id=json.load(tar.extractfile("index.json"))["manifests"][0]["digest"])  # type: ignore[arg-type]
        elif len(has) < len(image.layers):
            raise EngineError("the engine refuses the image archive: a layer is missing")
        self.add(image)
        self._contents[image.id] = has

    def _has(self, layer: str) -> bool:
        return any(layer in contents for contents in self._contents.values())

    def prove(self, image_id: str) -> None:
        image = self.image(image_id)
        if image is None:
            raise EngineError(f"the engine does not have it: {image_id}")
        if not set(image.layers) <= self._contents.get(image.id, set(image.layers)):
            raise EngineError("the engine refuses: failed to extract a layer: not found")

    def add(self, image: Image) -> None:
        """Take an image as if it had been loaded whole; a tag moves to the newest image that bears it."""
        for other in self._images.values():
            if set(other.tags) & set(image.tags):
                left = tuple(tag for tag in other.tags if tag not in image.tags)
                self._images[other.id] = replace(other, tags=left)
        self._images[image.id] = image

    def name_image(self, image_id: str, reference: str) -> None:
        image = self.image(image_id)
        if image is None:
            raise EngineError(f"the engine does not have it: {image_id}")
        self.add(replace(image, tags=(*(tag for tag in image.tags if tag != reference), reference)))

    def processes(self, name: str) -> dict[int, int]:
        """The server's own share, and the programs that run in the container."""
        self._running(name)
        programs = [process.pid for process in list(self._programs.get(name, ()))]
        return {1: 50_000_000} | {number: _resident(number) for number in programs}

    def execute(self, name: str, command: Sequence[str]) -> str:
        """Run the program on this machine, with a /tmp of the container's own.

        A container holds no packages: what a Python would list is what its image's label says.
        """
        container = self._running(name)
        if any("importlib.metadata" in word for word in command):
            image = self.image(container.image_id)
            listed = image.labels.get("io.relctl.dependencies", "").split() if image else []
            return "".join(f"/app/site\t{each}\n" for each in listed)
        return self._run(name, command)

    def _run(self, name: str, command: Sequence[str]) -> str:
        words = [word.replace("/tmp/", f"{self._folders[name].name}/") for word in command]
        if words[0].startswith("python"):  # whatever the image calls its own
            words[0] = sys.executable
        running = self._programs.setdefault(name, [])
        try:
            process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        except OSError as error:
            raise EngineError(f"the engine refuses: {command[0]}: {error.strerror}") from error
        running.append(process)
        said = process.communicate()[0].decode(errors="replace")
        running.remove(process)
        if process.returncode != 0:
            last = "".join(said.strip().splitlines()[-1:])
            raise EngineError(f"{command[0]} in {name} ended with {process.returncode}: {last}")
        return said

    def _running(self, name: str) -> Container:
        container = self.container(name)
        if container is None or not container.running:
            raise EngineError(f"the engine refuses: {name} does not run")
        return container

    def remove_image(self, reference: str) -> None:
        image = self.image(reference)
        if image is None:
            return
        left = tuple(tag for tag in image.tags if tag != reference)
        if left and reference != image.id:
            self._images[image.id] = replace(image, tags=left)
            return
        used = [e.container.name for e in self._entries.values() if e.container.image_id == image.id]
        if used:
            raise EngineError(f"the engine refuses: image {reference} is in use by {used[0]}")
        del self._images[image.id]
        self._contents.pop(image.id, None)

    def start(self, spec: ContainerSpec) -> Container:
        self.insist_on_network(spec.network)
        self._networks.setdefault(spec.network.name, spec.network.subnet)
        self.remove(spec.name)
        self.prove(spec.image_id)
        image = self.image(spec.image_id)
        assert image is not None
        labels = {**image.labels, **spec.labels, PORT: str(spec.port)}
        behaviour = json.loads(labels.get("behaviour", "{}"))
        runs = not behaviour.get("exits")
        server = _serve(spec, labels, behaviour) if runs else None
        address = f"127.0.0.1:{server.server_port}" if server else ""
        container = Container(spec.name, image.id, labels, runs, 0, 0 if runs else 1, address)
        self.started.append(spec.name)
        self._entries[spec.name] = _Entry(container, server)
        if not runs:
            self.write(spec.name, "planted fault")
        self._folders[spec.name] = tempfile.TemporaryDirectory(prefix="relctl-memory-")
        return container

    def container(self, name: str) -> Container | None:
        entry = self._entries.get(name)
        return entry.container if entry else None

    def containers(self, labels: Mapping[str, str]) -> list[Container]:
        found = (entry.container for entry in self._entries.values())
        return [each for each in found if labels.items() <= each.labels.items()]

    def logs(self, name: str, lines: int, since: float = 0.0) -> str:
        entry = self._entries.get(name)
        found = [line for at, line in entry.log if at >= since] if entry else []
        return "\n".join(found[-lines:])

    def follow(self, name: str, lines: int, since: float = 0.0) -> Iterator[str]:
        entry = self._entries.get(name)
        if entry is None:
            return
        begun = list(entry.log)  # what is written meanwhile comes once, and not as one of the first too
        yield from "\n".join([line for at, line in begun if at >= since][-lines:]).splitlines()
        told, runs = len(begun), True
        while runs:
            runs = self._entries.get(name) is entry and entry.container.running
            new = entry.log[told:]  # once more after its end: what it wrote last
            told += len(new)
            yield from (line for _, line in new)
            time.sleep(0.01 if runs else 0.0)

    def write(self, name: str, line: str) -> None:
        """Let a container write a line."""
        self._entries[name].log.append((time.time(), line))

    def remove(self, name: str, grace: int = 0) -> None:
        entry = self._entries.pop(name, None)
        folder = self._folders.pop(name, None)
        if folder is not None:
            folder.cleanup()
        if entry is not None and entry.server is not None:
            entry.server.end(finish_within=2.0)

    def crash(self, name: str) -> None:
        """End a container as a crash does: it stays, stopped."""
        entry = self._entries[name]
        if entry.server is not None:
            entry.server.end()
        entry.server, entry.container = (
            None,
            replace(entry.container, running=False, exit_code=137, address=""),
        )

    def pause(self, name: str) -> None:
        """Freeze a container: it is there, and answers nobody."""
        self.hang_up(name)
        self._entries[name].container = replace(self._entries[name].container, running=False, paused=True)

    def rename(self, name: str, new: str) -> None:
        """Give a container another name, as a hand does."""
        entry = self._entries.pop(name)
        entry.container = replace(entry.container, name=new)
        self._entries[new], self._folders[new] = entry, self._folders.pop(name)

    def forget(self, reference: str) -> None:
        """Lose an image by force: a container that uses it goes on."""
        image = self.image(reference)
        assert image is not None
        del self._images[image.id]
        self._contents.pop(image.id, None)

    def fall_silent(self, name: str) -> None:
        """Let a container go on without ever being ready again."""
        entry = self._entries[name]
        assert entry.server is not None
        entry.server.RequestHandlerClass.behaviour = {"ready": False}  # type: ignore[attr-defined]

    def hang_up(self, name: str) -> None:
        """Let a container run on while its service is gone: its port refuses."""
        entry = self._entries[name]
        assert entry.server is not None
        entry.server.end()
        entry.server = None

    def insist_on_network(self, network: Network) -> None:
        subnet = self._networks.get(network.name, network.subnet)
        if network.subnet not in ("", subnet):
            raise EngineError(f"network {network.name} has subnet {subnet}, not {network.subnet}")

    def remove_network(self, name: str) -> None:
        self._networks.pop(name, None)

    def close(self) -> None:
        """End all containers."""
        for name in list(self._entries):
            self.remove(name)


def _resident(process: int) -> int:
    """The resident bytes of a process, 0 for one that has ended."""
    with contextlib.suppress(OSError):
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
        return pages * resource.getpagesize()
    return 0


def _image(tags: list[str], config: bytes) -> Image:
    import hashlib

    found = json.loads(config)
    return Image(
        id=f"sha256:{hashlib.sha256(config).hexdigest()}",
        tags=tuple(tags),
        labels=found["config"].get("Labels") or {},
        layers=tuple(found["rootfs"]["diff_ids"]),
        user=found["config"].get("User", ""),
        size_bytes=0,
    )


class _Server(ThreadingHTTPServer):
    """Closes its open connections at the end, as the death of a process does."""

    daemon_threads = True
    request_queue_size = 512  # of the usual five, what comes sixth waits for a second

    def __init__(self, *arguments: Any) -> None:
        self.open: set[socket.socket] = set()
        self.answering: set[int] = set()  # threads that have read a request
        super().__init__(*arguments)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that has gone: what is printed may reach a later test."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.open.discard(request)
        self.answering.discard(threading.get_ident())  # one that broke off
        super().shutdown_request(request)

    def end(self, finish_within: float = 0.0) -> None:
        """End as by SIGKILL; with seconds to finish in as by SIGTERM: what was read is answered first."""
        self.shutdown()
        deadline = time.monotonic() + finish_within
        while self.answering and time.monotonic() < deadline:
            time.sleep(0.002)
        self.server_close()
        for connection in list(self.open):
            with contextlib.suppress(OSError):  # its own thread may have closed it meanwhile
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two packets, and nobody acknowledges half an answer
    wbufsize = -1
    labels: Mapping[str, str] = {}
    behaviour: Mapping[str, Any] = {}
    numbers: Iterator[int] = itertools.count(1)
    server: _Server

    def parse_request(self) -> bool:
        whole = super().parse_request()
        if whole:
            self.server.answering.add(threading.get_ident())
        return whole

    def do_GET(self) -> None:
        contract = json.loads(self.labels.get("io.relctl.contract", "{}"))
        if self.path == contract.get("ready", "/readyz"):
            return self._answer(200 if self.behaviour.get("ready", True) else 503, {})
        if self.path != contract.get("info", self.path):
            return self._answer(404, {})
        return self._answer(200, _info(self.labels) | self.behaviour.get("lies", {}))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(self.behaviour.get("delay_ms", 0) / 1000)
        every = self.behaviour.get("fails_every", 0)
        chokes = self.behaviour.get("chokes_on", "").encode()
        fails = (bool(every) and next(self.numbers) % every == 0) or (bool(chokes) and chokes in body)
        self._answer(500 if fails else 200, {"release": self.labels["io.relctl.tag"]})

    def _answer(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.server.answering.discard(threading.get_ident())

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class names it
        """Say nothing."""


def _info(labels: Mapping[str, str]) -> dict[str, Any]:
    return {
        "tag": labels.get("io.relctl.tag", ""),
        "version": labels.get("org.opencontainers.image.version", ""),
        "revision": labels.get("org.opencontainers.image.revision", ""),
        "model": {"sha256": labels.get("io.relctl.model.sha256", "")},
    }


def _serve(spec: ContainerSpec, labels: Mapping[str, str], behaviour: Mapping[str, Any]) -> _Server:
    handler = type(
        "Handler", (_Handler,), {"labels": labels, "behaviour": behaviour, "numbers": itertools.count(1)}
    )
    try:
        server = _Server(("127.0.0.1", spec.publish.port if spec.publish else 0), handler)
    except OSError as error:
        raise EngineError(f"the engine refuses: {error.strerror}") from error
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server
