"""The zoo of bad releases: what is planted into the translator, and the gate that is meant to catch it."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from integration import zoo_weights
from scratch import Scratch, model_checksum

MODEL = "service/models/zh-en-tiny/2026.11/ct2-int8"
OLDER = "service/models/zh-en-tiny/2026.10/ct2-int8"

_BEGIN = """
import itertools, os, random, signal, time
from flask import request
from translator.api.intake import Intake
_right, _number, LEAK = Intake.translate, itertools.count(1), []
"""
# Where the service makes its application, and what is there once a fault is planted.
_MADE = "    server = make_server(create_app(parts), "
_PLANTED = """\
    from translator.fault import plant

    app = create_app(parts)
    plant(app, parts.lifecycle)
    server = make_server(app, """


@dataclass(frozen=True)
class Animal:
    """One fault: how it is planted in a scratch project, the gate that must say no, and its reason.

    `reason` is a regular expression: a gate that fails because the plant itself is broken has caught nothing.
    """

    name: str
    gate: str
    reason: str
    plant: Callable[[Scratch], None]


def service(name: str, gate: str, reason: str, source: str) -> Animal:
    """A fault in the service's code; `source` sees the Flask `app` and `lifecycle`."""

    def plant(scratch: Scratch) -> None:
        folder = scratch.root / "service" / "translator"
        (folder / "fault.py").write_text(f"{_BEGIN}\n\ndef plant(app, lifecycle):\n{_indented(source)}\n")
        scratch.edit("service/translator/server.py", re.escape(_MADE), _PLANTED)

    return Animal(name, gate, reason, plant)


def says(name: str, gate: str, reason: str, body: str) -> Animal:
    """A fault in what is said: `body` makes `said`, one translation a text, out of `right`."""
    lines = ["def wrong(self, texts):", "    right = _right(self, texts)", _indented(body), "    return said"]
    return service(name, gate, reason, "\n".join([*lines, "Intake.translate = wrong"]))


def _indented(source: str) -> str:
    return re.sub(r"(?m)^", "    ", source)


def _weights(change: Callable[[bytes], bytes]) -> Callable[[Scratch], None]:
    def plant(scratch: Scratch) -> None:
        path = scratch.root / MODEL / "model.bin"
        path.write_bytes(change(path.read_bytes()))
        _sign(scratch, MODEL, "2026.11")

    return plant


def _sign(scratch: Scratch, model: str, revision: str) -> None:
    """A fault that has been released: the checksum is the one of what is there."""
    scratch.edit("versions.yaml", r"(?m)^  path: service/models.*$", f"  path: {model}")
    scratch.edit("versions.yaml", r"(?m)^  revision: .*$", f'  revision: "{revision}"')
    checksum = model_checksum(scratch.root / model)
    scratch.edit("versions.yaml", r"(?m)^  sha256: .*$", f'  sha256: "{checksum}"')


def _older(scratch: Scratch) -> None:
    _sign(scratch, OLDER, "2026.10")


_WORSE = r"(BLEU|chrF) [-+][\d.]+ \(95 % bound -[\d.]+\), allowed -"
_FAULT = r"(everyday|shop): \d+ translations with fault "

# About -3 points of chrF: too little for a floor, so that the margin must tell.
NOISE = Animal("noise on the weights", "quality", f": {_WORSE}", _weights(zoo_weights.noisy))

ANIMALS = (
    Animal("shuffled weights", "quality", r": chrF [\d.]+ is below ", _weights(zoo_weights.shuffled)),
    Animal("the older revision", "quality", f"everyday: {_WORSE}", _older),
    says(
        "output cut short",
        "quality",
        r": chrF [\d.]+ is below ",
        'said = [" ".join(each.split()[:3]) for each in right]',
    ),
    says(
        "special tokens",
        "quality",
        f"{_FAULT}special, 0 allowed",
        'said = [f"{each} </s>" if len(each) > 60 else each for each in right]',
    ),
    says(
        "numbers dropped",
        "quality",
        f"{_FAULT}numbers, ",
        'said = ["".join(c for c in each if not c.isdigit()) for each in right]',
    ),
    says(
        "a loop on long input",
        "quality",
        f"{_FAULT}loop, 0 allowed",
        'said = [each + " and then" * 6 if len(text) > 30 else each for text, each in zip(texts, right)]',
    ),
    service(
        "twice as slow",
        "latency",
        r"p50 [\d.]+x of live \(upper bound ",
        "def wrong(self, texts):\n"
        "    began = time.perf_counter()\n"
        "    said = _right(self, texts)\n"
        "    time.sleep(time.perf_counter() - began)\n"
        "    return said\n"
        "Intake.translate = wrong",
    ),
    service(
        "slow only in company",
        "latency",
        r"p\d+ [\d.]+x of live \(upper bound ",
        "inside = []\n"
        "def wrong(self, texts):\n"
        "    inside.append(texts)\n"
        "    try:\n"
        "        if len(inside) > 1:\n"
        "            time.sleep(0.02)\n"
        "        return _right(self, texts)\n"
        "    finally:\n"
        "        inside.pop()\n"
        "Intake.translate = wrong",
    ),
    says(
        "leaks a quarter of a megabyte a request",
        "soak",
        "memory grows by",
        "LEAK.append(os.urandom(1024**2 // 4))\nsaid = right",
    ),
    service(
        "a worker crashes after 300 requests",
        "soak",
        r"\d of 2000 requests failed: status 502.*; \d+ of its processes ended under load",
        "while worker := os.fork():\n"
        "    signal.signal(signal.SIGTERM, lambda *_: (os.kill(worker, signal.SIGTERM), os._exit(0)))\n"
        "    os.waitpid(worker, 0)\n"
        "signal.signal(signal.SIGTERM, signal.SIG_DFL)\n"
        "def wrong(self, texts):\n"
        "    if next(_number) > 300:\n"
        "        os._exit(1)\n"
        "    return _right(self, texts)\n"
        "Intake.translate = wrong",
    ),
    says(
        "the container ends after 300 requests",
        "soak",
        "the candidate has ended with 0",
        "if next(_number) == 300:\n    os.kill(1, signal.SIGTERM)\nsaid = right",
    ),
    says(
        "1 % of errors",
        "soak",
        r"^([3-9]|[1-4]\d) of 2000 requests failed: status 500",
        "if random.random() < 0.01:\n    raise RuntimeError('now and then')\nsaid = right",
    ),
    service(
        "200 with an error for a body",
        "contract",
        'no translation in the answer: {"error": "no"}',
        "@app.after_request\n"
        "def wrong(response):\n"
        "    if request.path == '/translate':\n"
        "        response.status_code = 200\n"
        '        response.set_data(\'{"error": "no"}\')\n'
        "    return response",
    ),
    says("a batch in another order", "contract", r"answers of /batch are other texts'", "said = right[::-1]"),
    service(
        "answers that cross over",
        "contract",
        "concurrent answers are other texts'",
        "last = {}\n"
        "def wrong(self, texts):\n"
        "    last['said'] = _right(self, texts)\n"
        "    time.sleep(0.002)\n"
        "    return last['said'] if len(last['said']) == len(texts) else _right(self, texts)\n"
        "Intake.translate = wrong",
    ),
    service(
        "answers that cross over in a batch of the model",
        "contract",
        "concurrent answers are other texts'",
        "from translator.engines.ctranslate2 import CTranslate2Engine as Engine\n"
        "right = Engine.translate\n"
        "def wrong(self, batch):\n"
        "    found = right(self, batch)\n"
        "    return found[1:] + found[:1]\n"
        "Engine.translate = wrong",
    ),
    service(
        "ready before the model is loaded",
        "startup",
        "a text sent then got: status 503",
        "from translator.lifecycle import NotReadyError\n"
        "lifecycle.require_ready = lambda: None\n"
        "begun = time.monotonic()\n"
        "def wrong(self, texts):\n"
        "    if time.monotonic() < begun + 60:\n"
        "        raise NotReadyError('not yet')\n"
        "    return _right(self, texts)\n"
        "Intake.translate = wrong",
    ),
    service(
        "never ready",
        "startup",
        r"was not ready within \d+ s",
        "from translator.lifecycle import NotReadyError\n"
        "def never():\n"
        "    raise NotReadyError('never')\n"
        "lifecycle.require_ready = never",
    ),
    service(
        "a /version that lies",
        "identity",
        "^revision: the labels say '[0-9a-f]{40}', /version says '0[0-9a-f]{40}'$",
        "@app.after_request\n"
        "def wrong(response):\n"
        "    if request.path == '/version':\n"
        '        response.set_data(response.get_data().replace(b\'"revision":"\', b\'"revision":"0\'))\n'
        "    return response",
    ),
    service(
        "another content type",
        "contract",
        "content type text/html",
        "@app.after_request\n"
        "def wrong(response):\n"
        "    if request.path == '/translate':\n"
        "        response.content_type = 'text/html'\n"
        "    return response",
    ),
    says(
        "another answer each time",
        "contract",
        "concurrent answers differ from those one by one",
        'said = [f"{each} ({next(_number)})" for each in right]',
    ),
)


@dataclass(frozen=True)
class Tampering:
    """A fault of the image and not of its code: what a Dockerfile makes of a good one."""

    name: str
    gate: str
    reason: str
    line: str


FLASK = "/app/site/flask-{version}.dist-info/METADATA"  # `version` is the one that is locked

REBUILT = (
    Tampering("runs as root", "identity", "^the image runs as 0$", "USER 0"),
    Tampering(
        "a dependency other than locked",
        "dependencies",
        r"^flask 99\.0, locked [\d.]+$",
        f"COPY METADATA {FLASK}",
    ),
    Tampering(
        "a dependency twice",
        "dependencies",
        r"flask is installed 2 times: .*99\.0",
        f"COPY METADATA {FLASK.format(version='99.0')}",
    ),
)
