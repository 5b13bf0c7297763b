"""The service's benchmark measures what it says: its load, its sums, its models, and a whole section."""

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from scratch import ROOT
from service_parts import answers, corpus, message, trend
from service_parts.answers import Expected
from service_parts.figures import Figure
from service_parts.load import Closed, Open, put, put_in_turns
from service_parts.message import Answer
from service_parts.record import Record, percentile

BENCHMARK = ROOT / "benchmarks" / "service.py"


HELD = 0.3  # seconds, from when the server has the request: those before it may be any


class Echo(BaseHTTPRequestHandler):
    """Translates a text into itself; some texts are orders."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        text = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"]
        if text == "hang up":
            self.close_connection = True
            return
        if text == "hold":
            time.sleep(HELD)
        body = json.dumps({"translation": text}).encode()
        self.send_response(503 if text == "refuse" else 200)
        self.send_header("Content-Length", str(len(body)))
        if text == "refuse":
            self.send_header("Retry-After", "1")
        if text == "close":
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def ask(port: int, texts: list[str], clients: int, requests: int) -> Record:
    return put(port, clients, [message.translate(text) for text in texts], Closed(60, most=requests))


def test_a_closed_load_asks_for_each_text_in_turn_and_keeps_every_answer(port: int) -> None:
    record = ask(port, ["甲", "乙", "丙"], 4, 30)
    rows = sorted(record.rows())
    assert [row.request for row in rows] == list(range(30))
    assert [message.translation(row.body) for row in rows] == ["甲", "乙", "丙"] * 10
    assert (record.statuses(), record.failures()) == ({"200": 30}, 0)


def test_a_connection_that_the_server_closes_after_an_answer_is_opened_again(port: int) -> None:
    assert ask(port, ["close"], 2, 10).statuses() == {"200": 10}


def test_a_connection_that_breaks_counts_as_a_failure_and_the_load_goes_on(port: int) -> None:
    record = ask(port, ["甲", "hang up"], 1, 10)
    assert record.statuses() == {"200": 5, "none": 5}
    assert record.failures() == 5


def test_a_refusal_is_told_from_an_answer(port: int) -> None:
    rows = list(ask(port, ["refuse"], 1, 3).rows())
    assert [(row.status, row.retry_after) for row in rows] == [(503, True)] * 3


def test_a_server_that_stands_still_does_not_slow_down_what_an_open_load_asks_of_it(port: int) -> None:
    messages = [message.translate(text) for text in ("hold", *["甲"] * 9)]
    record = put(port, 1, messages, Open(rate=100, seconds=0.1))
    rows = sorted(record.rows())
    assert [row.due - rows[0].due for row in rows] == pytest.approx([number / 100 for number in range(10)])
    # They waited for the one connection, and the wait is theirs although they were not sent yet.
    assert all(row.latency >= HELD - number / 100 - 0.001 for number, row in enumerate(rows))


def test_two_servers_are_asked_the_same_in_turns(port: int) -> None:
    one, other = put_in_turns([port, port], [message.translate(text) for text in "甲乙丙"], seconds=0.2)
    assert one.sent == other.sent > 0
    assert [row.body for row in one.rows()] == [row.body for row in other.rows()]
    spans = sorted((row.due, row.ended) for record in (one, other) for row in record.rows())
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(spans))  # never two at a time


def record_of(*ended: float, load_ended: float) -> Record:
    record = Record(texts=len(ended))
    record.began, record.load_ended, record.sent = 0.0, load_ended, len(ended)
    for number, at in enumerate(ended):
        record.add(number, 0.0, at, Answer(200, b"{}", False, True))
    return record


def test_throughput_is_right_where_answers_come_in_batches() -> None:
    batches = record_of(*[2.0] * 8, *[4.0] * 8, *[6.0] * 8, *[8.0] * 8, load_ended=7.9)
    assert batches.throughput(skip=8) == 4.0


def test_throughput_of_nothing_is_no_number_and_no_target_is_reached_by_it() -> None:
    nothing = record_of(1.0, load_ended=2.0).throughput(skip=1)
    assert math.isnan(nothing)
    assert not Figure(nothing, ">=", 0).reached
    assert Figure(nothing, ">=", 0).json()["value"] is None


@pytest.mark.parametrize(("percent", "value"), [(50, 10), (95, 19), (100, 20), (1, 1)])
def test_percentiles_are_values_that_were_measured(percent: int, value: int) -> None:
    assert percentile(list(range(1, 21)), percent) == value


def test_a_slope_is_not_moved_by_a_few_wild_samples() -> None:
    points = [(float(x), 3.0 * x) for x in range(20)]
    points[4], points[15] = (4.0, 900.0), (15.0, -900.0)
    found = trend.slope(points)
    assert found.value == pytest.approx(3.0, abs=0.2)
    assert 2.5 < found.least <= found.value


def test_samples_that_jump_about_prove_no_growth() -> None:
    points = [(float(x), 10.0 * (x * 7 % 5) + 0.1 * x) for x in range(30)]
    assert trend.slope(points).least < 0


@pytest.mark.parametrize(
    ("answer", "exact", "kind"),
    [
        ("one", True, "right"),
        ("two", True, "wrong"),
        ("won", True, "wrong"),
        ("won", False, "rounded"),
        ("two", False, "wrong"),  # another text's
        ("", False, "wrong"),
    ],
)
def test_an_answer_is_right_rounded_or_wrong(answer: str, exact: bool, kind: str) -> None:
    record = Record(texts=2)
    record.add(0, 0.0, 1.0, Answer(200, json.dumps({"translation": answer}).encode(), False, True))
    found = Expected(["一", "二"], ["one", "two"], exact).tally(record)
    assert {name for name, count in found.items() if count} == {kind}


def test_no_two_sentences_are_equal_and_each_is_translated_in_one_piece() -> None:
    for make, lengths in ((corpus.sentences, range(5, 25)), (corpus.pairs, corpus.PAIR_LENGTHS)):
        texts = make(5000)
        assert len(set(texts)) == 5000
        assert {len(text) for text in texts} <= set(lengths)
        assert make(5000) == texts


def run(*options: str, **environment: str) -> Any:
    command = [sys.executable, str(BENCHMARK), *options]
    environ = os.environ | environment
    done = subprocess.run(command, capture_output=True, text=True, timeout=3000, env=environ)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_an_unknown_section_is_refused_in_words() -> None:
    done = subprocess.run([sys.executable, str(BENCHMARK), "--only", "speed"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "'speed' is none of throughput, batching" in done.stderr


@pytest.mark.slow
def test_the_service_answers_every_request_of_a_soak_right() -> None:
    soak = run("--quick", "--only", "soak")["soak"]
    assert soak["figures"]["answered_right"] == {"value": 2000, "target": ">= 2000", "reached": True}
    assert soak["measured"]["statuses"] == {"200": 2000}


def processes_of(folder: Path) -> list[str]:
    """Processes that carry a folder in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if str(folder).encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            continue
    return found


def test_an_interrupted_benchmark_leaves_no_server_behind(tmp_path: Path) -> None:
    code = tmp_path / "service"
    shutil.copytree(ROOT / "service" / "translator", code / "translator")
    command = [sys.executable, str(BENCHMARK), "--quick", "--only", "soak", "--service", str(code)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr
        while "answers to compare with" not in (line := process.stderr.readline()):
            assert line, "it ended by itself"
        assert processes_of(code)
        process.send_signal(signal.SIGINT)
        words = process.stderr.read()
    assert process.returncode == 130, words
    deadline = time.monotonic() + 30
    while left := processes_of(code):  # who was killed a moment ago may not have had a processor since
        assert time.monotonic() < deadline, left
        time.sleep(0.02)


@pytest.mark.reference
@pytest.mark.timeout(600)
def test_the_baseline_and_the_service_give_the_same_translations() -> None:
    from service_parts import models, servers

    model = models.embedded()
    decoding = models.Decoding(4, model.max_length)
    with servers.baseline(model.hf, decoding, "1") as baseline:
        theirs = answers.ask_alone(baseline, model, 40)
    with servers.service(ROOT / "service", model.ctranslate2, decoding) as service:
        ours = answers.ask_alone(service, model, 40)
    assert len(ours.texts) >= 38
    pairs = dict(zip(theirs.texts, theirs.translations, strict=True))
    same = [pairs.get(text) == it for text, it in zip(ours.texts, ours.translations, strict=True)]
    assert sum(same) >= 38  # 8-bit weights may choose another word now and then


@pytest.mark.reference
@pytest.mark.timeout(600)
def test_the_real_shape_has_its_pieces_and_always_says_as_many() -> None:
    import ctranslate2
    import sentencepiece

    from service_parts import models, shape

    model = models.real_shape()
    tokenizer = sentencepiece.SentencePieceProcessor(model_file=str(model.ctranslate2 / "source.spm"))
    assert tokenizer.get_piece_size() == shape.PIECES
    translator = ctranslate2.Translator(str(model.ctranslate2), intra_threads=1)
    pieces = [[*tokenizer.encode(text, out_type=str), "</s>"] for text in model.texts[:8]]
    search = models.Decoding(1, model.max_length).ctranslate2()
    found = [
        result.hypotheses[0] for result in translator.translate_batch(pieces, disable_unk=True, **search)
    ]
    assert [len(hypothesis) for hypothesis in found] == [25] * 8
    assert len({tuple(hypothesis) for hypothesis in found}) >= 4


@pytest.mark.reference
@pytest.mark.timeout(600)
def test_the_weights_of_both_are_measured_side_by_side() -> None:
    figures = run("--quick", "--only", "footprint")["footprint"]["figures"]
    assert figures
    assert all(figure["value"] is not None for figure in figures.values())
