"""The int8 engine says what the torch reference says, and its model is made from the reference's."""

import hashlib
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from sacrebleu import corpus_bleu, corpus_chrf

from translator.engines import load
from translator.engines.protocol import Decoding, Engine
from unit.translator.service_process import Service

pytestmark = [pytest.mark.reference, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[3]
MODEL = ROOT / "service/models/zh-en-tiny/2026.11"
CLOSE = 0.5  # points of BLEU and of chrF

Pairs = list[tuple[str, str]]


@pytest.fixture(scope="module")
def reference() -> Engine:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what transformers and torch deprecate of each other
        return load("torch", MODEL / "hf", 2, Decoding())


def _pairs(name: str, step: int) -> Pairs:
    lines = (ROOT / "pipelines/datasets" / name).read_text(encoding="utf-8").splitlines()[1::step]
    return [(source, wanted) for source, _, wanted in (line.partition("\t") for line in lines)]


def _translate(engine: Engine, pairs: Pairs) -> list[str]:
    return [output.text for output in engine.translate([engine.encode(source) for source, _ in pairs])]


@pytest.mark.parametrize(("name", "step"), [("shop.tsv", 12), ("everyday.tsv", 1)])
def test_int8_is_as_good_as_the_reference(name: str, step: int, engine: Engine, reference: Engine) -> None:
    pairs = _pairs(name, step)
    wanted = [[target for _, target in pairs]]
    ours, theirs = _translate(engine, pairs), _translate(reference, pairs)
    assert abs(corpus_bleu(ours, wanted).score - corpus_bleu(theirs, wanted).score) < CLOSE
    assert abs(corpus_chrf(ours, wanted).score - corpus_chrf(theirs, wanted).score) < CLOSE


def test_nearly_every_short_sentence_is_translated_with_the_same_words(
    engine: Engine, reference: Engine
) -> None:
    pairs = [pair for pair in _pairs("everyday.tsv", 1) + _pairs("shop.tsv", 12) if len(pair[0]) <= 12]
    ours, theirs = _translate(engine, pairs), _translate(reference, pairs)
    same = sum(our == their for our, their in zip(ours, theirs, strict=True))
    assert same >= 0.9 * len(pairs)


def test_the_reference_obeys_the_same_decoding() -> None:
    short = load("torch", MODEL / "hf", 2, Decoding(beam_size=1, max_decoding_length=3))
    (output,) = short.translate([short.encode("人工智能正在改变世界。")])
    assert output.pieces == 3


def test_the_int8_model_is_made_from_the_reference_byte_for_byte(tmp_path: Path) -> None:
    command = [
        sys.executable,
        str(ROOT / "service/convert_model.py"),
        str(MODEL / "hf"),
        str(tmp_path / "ct2"),
    ]
    subprocess.run(command, check=True, capture_output=True)
    assert _checksums(tmp_path / "ct2") == _checksums(MODEL / "ct2-int8")


def test_a_folder_without_a_model_is_refused_in_a_sentence(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "service/convert_model.py"), str(tmp_path), str(tmp_path / "ct2")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "ct2").exists()


def test_the_service_runs_with_the_reference(start: Callable[..., Service]) -> None:
    service = start(ENGINE="torch", MODEL_DIR=str(MODEL / "hf"), PYTHONWARNINGS="ignore")
    service.wait_for("/readyz", 200, within=120)


def _checksums(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
