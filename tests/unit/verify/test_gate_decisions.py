"""Each gate by itself, over a candidate that is planted: what it lets through and what it does not."""

import contextlib
import itertools
import json
import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import Any, cast

import numpy
import pytest
from pydantic import ValidationError

from relctl.config import gates
from relctl.config.gates import Ask
from relctl.config.pipeline import CaseFile, DataSet, Expectation
from relctl.config.versions import Contract
from relctl.engine.labels import DEPENDENCIES
from relctl.engine.protocol import Container, Image
from relctl.probe import traffic
from relctl.probe.cases import judge
from relctl.probe.service import Answer, Service
from relctl.probe.traffic import Plan, Reply
from relctl.tag import Tag
from relctl.verify.gates import latency as latency_gate
from relctl.verify.gates.command import command
from relctl.verify.gates.contract import contract
from relctl.verify.gates.dependencies import dependencies
from relctl.verify.gates.identity import identity
from relctl.verify.gates.quality import quality
from relctl.verify.gates.size import size
from relctl.verify.gates.smoke import smoke
from relctl.verify.gates.startup import startup
from relctl.verify.trial.candidate import Candidate, running
from relctl.verify.trial.exchange import read
from relctl.verify.trial.trial import Verdict

TAG = Tag("1.0.0", "abc12de")
REVISION = "abc12de" + "0" * 33
TEXTS = tuple(f"text {number} of many" for number in range(160))
DATA = PurePosixPath("data.tsv")
IMAGE = Image(
    "sha256:1",
    (f"svc:{TAG}",),
    {
        "io.relctl.service": "svc",
        "io.relctl.tag": str(TAG),
        "org.opencontainers.image.version": "1.0.0",
        "org.opencontainers.image.revision": REVISION,
        DEPENDENCIES: "one==1.0 Two_Words==2.0",
    },
    ("a", "b"),
    "65532",
    1000,
)
Answering = Callable[[str, Any], tuple[int, Any]]


def echoes(path: str, body: Any) -> tuple[int, Any]:
    """What a good service answers."""
    if path == "/version":
        labels = IMAGE.labels
        return 200, {
            "tag": str(TAG),
            "version": "1.0.0",
            "revision": labels["org.opencontainers.image.revision"],
        }
    if path == "/batch":
        return 200, [{**item, "translation": item["text"]} for item in body]
    return 200, {"translation": body["text"]} if body else {}


class Engine:
    """An engine with one container in it, in which Python lists what is `installed`."""

    def __init__(self, address: str) -> None:
        self.found: Container | None = Container("candidate", "sha256:1", {}, True, 0, 0, address)
        self.installed = "/app/site\tone==1.0\n/app/site\ttwo-words==2.0\n"
        self.layers: tuple[int, ...] = (600, 400)

    def container(self, name: str) -> Container | None:
        return self.found

    def execute(self, name: str, command: Sequence[str]) -> str:
        return self.installed

    def layer_sizes(self, reference: str) -> tuple[int, ...]:
        return self.layers


class Server(ThreadingHTTPServer):
    """Lets all clients connect at once: of the usual five, who comes sixth waits for a second."""

    daemon_threads, request_queue_size = True, 128


@contextmanager
def serving(answering: Answering) -> Iterator[str]:
    """A service that answers like this; its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # an answer in two packets would wait for its acknowledgement
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self.answer(None)

        def do_POST(self) -> None:
            self.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def answer(self, body: Any) -> None:
            status, found = answering(self.path, body)
            content = json.dumps(found).encode()
            self.send_response(status)
            kind = "application/problem+json" if status >= 400 else "application/json"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            """Say nothing."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def release(answering: Answering, image: Image, role: str) -> Iterator[Any]:
    """A running release, of the image, that answers like this."""
    with serving(answering) as address:
        engine, contract = Engine(address), Contract(port=8000)
        versions = SimpleNamespace(service="svc", contract=contract)
        project = cast("Any", SimpleNamespace(root=Path("/"), versions=versions))
        assert engine.found is not None
        yield Candidate(
            project, role, TAG, image, cast("Any", engine), engine.found, Service(address, contract), 0.0
        )


CASE = {"name": "one", "request": {"path": "/x", "json": {"text": "a"}}, "expect": {"status": 200}}


@contextmanager
def trial(
    answering: Answering = echoes,
    *,
    twin: Answering = echoes,
    live: Image | None = None,
    image: Image = IMAGE,
) -> Iterator[Any]:
    """A trial whose candidate answers like this, and its twin like that."""
    cases = tuple(CaseFile.model_validate({"cases": [CASE]}).cases)
    numbers = itertools.count(1)
    with release(answering, image, "candidate") as candidate:
        yield SimpleNamespace(
            candidate=candidate,
            pipeline=SimpleNamespace(
                data_sets={DATA: DataSet("data", TEXTS, TEXTS, "sum")},
                ask=Ask(),
                cases={"smoke": cases, "contract": cases},
            ),
            live=live,
            say=lambda _: None,
            reference=lambda: candidate if live else None,
            twin=lambda: release(twin, image, "twin"),
            fresh=lambda sources, number: [f"{next(numbers)} {each}" for each in (*sources,) * number][
                :number
            ],
        )


def settings(kind: type[Any], **members: Any) -> Any:
    gate = {"gate": kind.__name__.removesuffix("Settings").lower()}
    return kind.model_validate(gate | members)


LIVE = replace(IMAGE, layers=("a", "c"), size_bytes=900)


@pytest.mark.parametrize(
    ("limits", "live", "words"),
    [
        ({"max_image": "1000"}, None, ""),
        ({"max_image": "999"}, None, "the image has 0.0 MiB (limit 0.0 MiB)"),
        ({"max_image": "1000", "max_growth": "0", "max_new": "0"}, None, ""),  # nothing is live
        ({"max_image": "1000", "max_growth": "100"}, LIVE, ""),
        ({"max_image": "1000", "max_growth": "99"}, LIVE, "it grew over the live image by"),
        ({"max_image": "1000", "max_growth": "0"}, replace(LIVE, size_bytes=2000), ""),
        ({"max_image": "999", "max_growth": "100"}, LIVE, "the image has"),
        ({"max_image": "1000", "max_new": "400"}, LIVE, ""),
        ({"max_image": "1000", "max_new": "399"}, LIVE, "layers missing from the live image have"),
        ({"max_image": "1000", "max_new": "0"}, replace(LIVE, layers=("a", "b")), ""),
        ({"max_image": "1000", "max_new": "999"}, replace(LIVE, layers=()), "layers missing from the live"),
    ],
)
def test_the_size_of_an_image_is_held_against_each_limit(
    limits: dict[str, str], live: Image | None, words: str
) -> None:
    with trial(live=live) as found:
        verdict = size(found, settings(gates.SizeSettings, **limits))
    assert verdict.outcome == ("fail" if words else "pass"), verdict.reason
    assert not words or verdict.reason.startswith(words)


def test_new_bytes_that_the_engine_does_not_tell_are_a_fault_only_where_they_are_limited() -> None:
    with trial(live=LIVE) as found:
        found.candidate.engine.layers = ()
        assert size(found, settings(gates.SizeSettings, max_image="1000")).outcome == "pass"
        verdict = size(found, settings(gates.SizeSettings, max_image="1000", max_new="1000"))
    assert verdict.reason == "the engine does not report layer sizes"


SITE, BASE = "/app/site", "/usr/lib/python3/dist-packages"
NO_LABEL = f"the image has no label {DEPENDENCIES}; build it again"


@pytest.mark.parametrize(
    ("locked", "installed", "words"),
    [
        ("one==1.0", [(SITE, "one==1.0")], ""),
        ("one==1.0", [(f"{SITE}/", "one==1.0")], ""),
        ("One_A==1.0", [(SITE, "one-a==1.0")], ""),
        ("one==1.0.post1", [(SITE, "one==1.0-1")], ""),  # one version, spelled in two ways (PEP 440)
        ("one==1.0", [(SITE, "one==1.0.0")], "one 1.0.0, locked 1.0"),  # another file than the locked one
        ("one==odd", [(SITE, "one==odd")], ""),  # no version at all, and the same
        ("one==1.0", [(SITE, "one==1.0"), (BASE, "pip==23.0")], ""),  # the base's own
        ("one==1.0", [(SITE, "one==1.0"), (BASE, "one==0.9")], ""),  # Python looks there later
        ("one==1.0", [(BASE, "one==0.9"), (SITE, "one==1.0")], "one 0.9, locked 1.0"),
        ("one==1.0", [(SITE, "one==1.1")], "one 1.1, locked 1.0"),
        ("one==1.0", [], "one is missing, locked 1.0"),
        ("one==1.0", [(SITE, "one==1.0"), (SITE, "more==3")], "more 3 is not locked"),
        ("one==1.0", [(SITE, "one==1.0"), (SITE, "one==1.1")], "one is installed 2 times: 1.0, 1.1"),
        ("one==1.0", [(SITE, "one==1.0"), (SITE, "One==1.0")], "one is installed 2 times: 1.0, 1.0"),
        (
            "one==1.0",
            [(SITE, "one==1.1"), (SITE, "one==1.0")],
            "one 1.1, locked 1.0; one is installed 2 times: 1.1, 1.0",
        ),
        ("", [], ""),  # nothing is locked, and nothing is there
        ("", [(SITE, "one==1.0")], "one 1.0 is not locked"),
        (None, [], NO_LABEL),
        (None, [(SITE, "one==1.0")], NO_LABEL),
    ],
)
def test_what_is_installed_is_what_was_locked(
    locked: str | None, installed: list[tuple[str, str]], words: str
) -> None:
    labels = {key: value for key, value in IMAGE.labels.items() if key != DEPENDENCIES}
    with trial(
        image=replace(IMAGE, labels=labels if locked is None else labels | {DEPENDENCIES: locked})
    ) as found:
        found.candidate.engine.installed = "".join(f"{place}\t{each}\n" for place, each in installed)
        verdict = dependencies(found, settings(gates.DependenciesSettings))
    assert (verdict.outcome, verdict.reason if words else "") == ("fail" if words else "pass", words)


@pytest.mark.parametrize(
    "line",
    [
        "a warning",
        "/app/site\tone",
        "/app/site\tone==",
        "\tone==1.0",
        "/app/site\tone==1.0\tmore",
        "a\tone = 1==2",
    ],
)
def test_a_list_of_packages_that_cannot_be_read_is_a_fault(line: str) -> None:
    with trial() as found:
        found.candidate.engine.installed += f"{line}\n"
        verdict = dependencies(found, settings(gates.DependenciesSettings))
    assert verdict.outcome == "fail"
    assert verdict.reason == f"Python's list of packages cannot be read: {line!r}"


@pytest.mark.parametrize(
    ("labels", "said", "words"),
    [
        ({}, {}, ""),
        ({}, {"version": "2.0.0"}, "version: the labels say '1.0.0', /version says '2.0.0'"),
        ({}, {"revision": "f" * 40}, f"revision: the labels say '{REVISION}', /version says '{'f' * 40}'"),
        ({}, {"tag": None}, f"tag: the labels say '{TAG}', /version says 'None'"),
        ({}, {"model": {"sha256": "a"}}, "model_sha256: the labels say '', /version says 'a'"),
        ({"io.relctl.service": "other"}, {}, "the labels name service 'other', not 'svc'"),
    ],
)
def test_identity_is_what_labels_and_version_agree_on(
    labels: dict[str, str], said: dict[str, Any], words: str
) -> None:
    def answering(path: str, body: Any) -> tuple[int, Any]:
        status, found = echoes(path, body)
        return status, found | said

    with trial(answering, image=replace(IMAGE, labels={**IMAGE.labels, **labels})) as found:
        verdict = identity(found, settings(gates.IdentitySettings))
    assert (verdict.outcome, verdict.reason if words else "") == ("fail" if words else "pass", words)


def test_a_version_that_cannot_be_read_is_a_fault_beside_those_of_the_labels() -> None:
    with trial(lambda _path, _body: (500, {}), image=replace(IMAGE, user="root")) as found:
        verdict = identity(found, settings(gates.IdentitySettings))
    assert verdict.reasons[0] == "the image runs as root"
    assert "/version answers 500" in verdict.reasons[1]


def test_one_wrong_case_is_enough_and_is_not_sent_again() -> None:
    sent = []

    def fails(path: str, body: Any) -> tuple[int, Any]:
        sent.append(path)
        return 500, {}

    with trial(fails) as found:
        verdict = smoke(found, settings(gates.SmokeSettings, cases="x", attempts=3))
    assert verdict.outcome == "fail"
    assert sent == ["/x"]


def refuses(path: str, body: Any) -> tuple[int, Any]:
    return (503, {}) if body else (200, {})


def test_ready_and_then_refusing_is_not_ready() -> None:
    for answering, outcome in ((echoes, "pass"), (refuses, "fail")):
        with trial(answering) as found:
            found.candidate = replace(found.candidate, started=time.monotonic())
            verdict = startup(found, settings(gates.StartupSettings, ready_within="5s", text="a"))
        assert verdict.outcome == outcome, verdict.reason


def batches(answer: Callable[[list[Any]], Any]) -> Answering:
    def answering(path: str, body: Any) -> tuple[int, Any]:
        status, found = echoes(path, body)
        return status, answer(found) if path == "/batch" else found

    return answering


def instead(said: Any, chosen: Callable[[str], bool] = lambda text: "text 3 " in text) -> Answering:
    """What a service answers that says something else to some texts."""

    def answering(path: str, body: Any) -> tuple[int, Any]:
        if path == "/translate" and chosen(body["text"]):
            return 200, {"translation": said}
        return echoes(path, body)

    return answering


def odd(status: int, said: Any) -> Answering:
    """What a service answers that takes no long text."""

    def answering(path: str, body: Any) -> tuple[int, Any]:
        return (status, said) if path == "/translate" and "aaa" in body["text"] else echoes(path, body)

    return answering


CONTRACT = {"data_set": str(DATA), "texts": 10, "rounds": 2, "clients": 2, "batch": "/batch"}
LONG = "'aaaaaaaaaaaaaaaaaaaa': "


@pytest.mark.parametrize(
    ("answering", "words"),
    [
        (echoes, ""),
        (odd(400, {}), ""),
        (odd(413, {}), ""),
        (odd(502, {}), f"{LONG}status 502: {{}}"),
        (odd(404, {}), f"{LONG}status 404: {{}}"),
        (odd(300, {}), f"{LONG}status 300: {{}}"),
        (odd(400, []), f"{LONG}status 400, and no JSON object: []"),
        (odd(200, {"error": "no"}), f'{LONG}no translation in the answer: {{"error": "no"}}'),
        (instead("6 text 5 of many"), "4 concurrent answers are other texts': '4 text 3 of many' got"),
        (instead("else"), "4 concurrent answers differ from those one by one: '4 text 3 of many' got 'else'"),
        (instead(None), "4 of 40 requests failed: no translation in the answer"),
        (lambda path, body: (404, {}) if path == "/x" else echoes(path, body), "one: status 404, not 200"),
        (lambda path, body: (500, []) if path == "/batch" else echoes(path, body), "/batch answers 500"),
        (batches(lambda found: found[::-1]), "/batch answers in a different order"),
        (batches(lambda found: found[:-1]), "/batch answers 200"),
        (batches(lambda found: [*found, found[0]]), "/batch answers 200"),
        (batches(lambda _found: {}), "/batch answers 200"),
        (batches(lambda found: [1, *found[1:]]), "/batch answers in a different order"),
        (
            batches(lambda found: [{**found[0], "translation": "else"}, *found[1:]]),
            "1 answers of /batch differ from those one by one",
        ),
        (
            batches(lambda found: [{"id": found[0]["id"]}, *found[1:]]),
            "1 answers of /batch differ from those one by one",
        ),
        (
            batches(lambda found: [{**found[0], "translation": found[1]["text"]}, *found[1:]]),
            "1 answers of /batch are other texts'",
        ),
    ],
)
def test_a_contract_is_kept_with_every_text(answering: Answering, words: str) -> None:
    with trial(answering) as found:
        verdict = contract(found, settings(gates.ContractSettings, **CONTRACT))
    assert verdict.outcome == ("fail" if words else "pass"), verdict.reason
    assert not words or verdict.reason.startswith(words)


def test_a_twin_that_does_not_translate_proves_nothing_and_the_rest_is_said() -> None:
    with trial(odd(404, {}), twin=refuses) as found:
        verdict = contract(found, settings(gates.ContractSettings, **CONTRACT))
    assert verdict.reasons[0] == f"{LONG}status 404: {{}}"
    assert verdict.reasons[1].startswith(
        "30 of 30 texts got no translation from its twin: text 1: status 503"
    )


def test_each_text_of_a_contract_is_fresh_and_under_way_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, list[str]] = {}

    def send(address: str, texts: Sequence[str], plan: Plan, done: Any = None) -> list[Reply]:
        asked[f"{plan.clients} clients"] = list(texts)
        return [Reply(0, 0, 0, 0, 200, "application/json", b'{"translation": "x"}', "") for _ in texts]

    monkeypatch.setattr(traffic, "send", send)
    with trial() as found:
        assert contract(found, settings(gates.ContractSettings, **CONTRACT | {"batch": ""})).outcome == "pass"
    assert asked["1 clients"] == [f"{number + 1} text {number % 10} of many" for number in range(20)]
    assert asked["2 clients"] == [text for text in asked["1 clients"] for _ in range(2)]


def test_a_contract_needs_its_texts() -> None:
    with trial() as found:
        verdict = contract(found, settings(gates.ContractSettings, data_set=str(DATA), texts=161))
        both = contract(found, settings(gates.ContractSettings, data_set=str(DATA), texts=81, batch="/batch"))
    assert verdict.reason == "data.tsv has 160 texts; 161 are needed"
    assert both.reason == "data.tsv has 160 texts; 162 are needed"


@pytest.mark.parametrize("kind", ["", "json", "Application/json", "application/json; charset=utf-8", "a/b\n"])
def test_the_type_of_errors_is_a_media_type(kind: str) -> None:
    with pytest.raises(ValidationError):
        settings(gates.ContractSettings, data_set=str(DATA), error_type=kind)


def test_quality() -> None:
    chosen = {"data_sets": [{"file": str(DATA)}], "margins": {"chrf": 1}}
    with trial(live=IMAGE) as found:
        assert quality(found, settings(gates.QualitySettings, **chosen)).outcome == "pass"
        found.pipeline.data_sets[DATA] = DataSet("data", TEXTS[:149], TEXTS[:149], "sum")
        verdict = quality(found, settings(gates.QualitySettings, **chosen))
    assert (verdict.outcome, verdict.reason) == ("fail", "data: 149 sentences are too few; 150 are needed")
    assert verdict.figures["data_sets"] == []
    with trial(lambda _path, _body: (200, {"translation": "x"})) as found:
        assert quality(found, settings(gates.QualitySettings, **chosen)).outcome == "fail"


LATENCY = {"data_set": str(DATA), "rate": 100, "rounds": 10, "round": "40ms", "max_p95": "1s"}


def measured(seconds: float) -> Any:
    return numpy.full((10, 40), seconds)


@pytest.mark.parametrize(
    ("sides", "words"),
    [
        ([measured(1.0)], ""),
        ([measured(1.001)], "p95 is 1001 ms (limit 1000 ms)"),
        ([measured(float("nan"))], "p95 is nan ms"),
        ([measured(0.5), measured(0.5)], ""),
        ([measured(0.5), measured(0.3)], "p50 1.67x of live (upper bound 1.67x, limit 1.50x)"),
        ([measured(0.3), measured(0.5)], ""),
    ],
)
def test_latency_is_judged_by_both_limits(sides: list[Any], words: str) -> None:
    verdict = latency_gate._judge(settings(gates.LatencySettings, **LATENCY, margins={"p50": 0.5}), sides)
    assert verdict.outcome == ("fail" if words else "pass")
    assert verdict.reason.startswith(words)


def test_latency_measures_in_turns_and_leaves_out_the_first_round(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def measure(found: Any, chosen: Any, side: Any, texts: Sequence[str]) -> list[Any]:
        asked.append(side)
        return [float(len(asked))] * len(texts)

    monkeypatch.setattr(latency_gate, "_round", measure)
    chosen = settings(gates.LatencySettings, **LATENCY, margins={"p50": 0.5})
    with trial() as found:
        ours, theirs = cast("Any", latency_gate._measure(found, chosen, cast("Any", ["ours", "theirs"])))
    assert asked[:6] == ["theirs", "ours", "ours", "theirs", "theirs", "ours"]
    assert (len(ours), len(theirs)) == (10, 10)
    assert (ours[0], theirs[0]) == ([3.0] * 4, [4.0] * 4)


def program(*run: str, timeout: str = "20s") -> Verdict:
    with trial() as found:
        return command(found, settings(gates.CommandSettings, name="x", run=list(run), timeout=timeout))


@pytest.mark.parametrize(
    ("run", "words", "output"),
    [
        (["true"], "ended with 0: it printed nothing", ""),
        (["sh", "-c", "echo $RELCTL_TAG"], f"ended with 0: {TAG}", f"{TAG}\n"),
        (["sh", "-c", "exec >&- 2>&-; sleep 0.2"], "ended with 0: it printed nothing", ""),
        (["sh", "-c", "echo one; echo two >&2; exit 4"], "ended with 4: two", "one\ntwo\n"),
        (["sh", "-c", "kill -9 $$"], "ended with -9: it printed nothing", ""),
        (["/nowhere/program"], "/nowhere/program cannot be run: No such file or directory", None),
        (["true", "a\0b"], "true cannot be run: embedded null byte", None),
        (["/"], "/ cannot be run: Permission denied", None),
    ],
)
def test_a_program_says_yes_only_by_ending_with_0(run: list[str], words: str, output: str | None) -> None:
    verdict = program(*run)
    assert verdict.outcome == ("pass" if words.startswith("ended with 0: ") else "fail")
    assert (verdict.reason, verdict.figures.get("output")) == (words, output)


def test_a_program_that_takes_too_long_is_killed_and_what_it_said_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, starts = tmp_path / "begun", [0.0]

    def monotonic() -> float:
        """Its time begins when it has said something, however long the machine takes to start it."""
        if not begun.exists():
            starts[0] = time.monotonic()
        return time.monotonic() - starts[0]

    clock = SimpleNamespace(monotonic=monotonic, sleep=time.sleep)
    monkeypatch.setattr("relctl.process.time", clock)
    began = time.monotonic()
    verdict = program("sh", "-c", f"echo begun; touch {begun}; sleep 60", timeout="300ms")
    assert (verdict.reason, verdict.figures["output"]) == ("not done within 0.3 s: begun", "begun\n")
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("what", ["sleep 60", "yes"])
def test_what_has_left_the_process_group_is_not_waited_for(what: str, tmp_path: Path) -> None:
    began = time.monotonic()
    begins = f"setsid sh -c 'echo $$ > {tmp_path}/left; exec {what}' &"
    begun = f"until [ -s {tmp_path}/left ]; do sleep 0.01; done; sleep 0.3"
    verdict = program("sh", "-c", f"{begins} {begun}; echo done")
    assert verdict.outcome == "pass"
    assert time.monotonic() - began < 30
    with contextlib.suppress(ProcessLookupError):  # yes has ended by itself: nobody listens any more
        os.kill(int((tmp_path / "left").read_text()), signal.SIGKILL)


def test_of_a_long_last_line_the_reason_has_the_beginning() -> None:
    verdict = program("sh", "-c", "printf %0300d 0")
    assert verdict.reason == f"ended with 0: {'0' * 200}…"
    assert verdict.figures["output"] == "0" * 300


def test_of_much_output_only_the_end_is_kept() -> None:
    verdict = program("sh", "-c", "head -c 50000000 /dev/zero | tr '\\0' x; echo; echo the end")
    assert verdict.outcome == "pass"
    assert len(verdict.figures["output"]) == 4000
    assert verdict.figures["output"].endswith("x\nthe end\n")


def test_a_container_that_was_started_is_removed_even_if_the_start_was_interrupted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    removed = []

    class Interrupting:
        def start(self, spec: Any) -> Container:
            raise KeyboardInterrupt  # the engine has started it already

        def remove(self, name: str, grace: int) -> None:
            removed.append(name)

    spec = SimpleNamespace(name="candidate")
    monkeypatch.setattr("relctl.verify.trial.candidate.trial_spec", lambda *_: spec)
    with (
        pytest.raises(KeyboardInterrupt),
        running(cast("Any", None), cast("Any", Interrupting()), TAG, IMAGE, "candidate"),
    ):
        pass
    assert removed == ["candidate"]


def test_members_are_searched_and_a_body_has_its_shape() -> None:
    answer = Answer(200, {"content-type": "application/json"}, b'{"a": "xyz"}', 0.1)
    found = Expectation.model_validate({"status": 200, "json": {"a": "y"}, "schema": {"required": ["a"]}})
    assert judge(found, answer) == []
    shaped = Expectation.model_validate({"status": 200, "schema": {"required": ["b"]}})
    assert judge(shaped, answer) == ["$: 'b' is a required property"]
    assert judge(Expectation.model_validate({"status": 404}), answer) != []


@pytest.mark.parametrize(("status", "body"), [(201, b'{"translation": "x"}'), (200, b'{"translation": 3}')])
def test_only_a_text_with_200_is_a_translation(status: int, body: bytes) -> None:
    assert read(Reply(0, 0, 0, 1, status, "application/json", body, ""), Ask())[1]


def test_how_long_a_reply_took_counts_from_when_it_was_due() -> None:
    assert math.isclose(Reply(0, 2.0, 2.5, 3.5, 200, "", b"", "").seconds, 1.5)
