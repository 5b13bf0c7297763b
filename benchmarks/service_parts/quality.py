"""Section: BLEU and chrF of int8 translations beside those of torch, on the datasets of this project."""

import contextlib
import json
from typing import Any

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from service_parts import corpus, message, programs, servers
from service_parts.bench import BEAM, Bench, say
from service_parts.figures import Figure, Section
from service_parts.load import Closed, put
from service_parts.models import Decoding
from service_parts.servers import StartError

DATASETS = ("shop", "everyday")
DIFFERENCE = 0.5
_CHUNK = 100


def measure(bench: Bench) -> Section:
    """The models alone, and whole answers of the service with either engine."""
    section = Section(measured={"beam": BEAM})
    for name in DATASETS:
        pairs = corpus.dataset(name)[: bench.effort.quality_sentences]
        sources, references = [source for source, _ in pairs], [reference for _, reference in pairs]
        say(f"quality, {name}, {len(pairs)} sentences")
        outputs = {
            "model_int8": _int8(bench, sources),
            "model_torch": _torch(bench, sources),
            "service_int8": _served(bench, sources, "ctranslate2"),
        }
        with contextlib.suppress(StartError):  # releases before 1.3 have no other engine
            outputs["service_torch"] = _served(bench, sources, "torch")
        scores = {kind: _scores(found, references) for kind, found in outputs.items()}
        section.measured[name] = {"sentences": len(pairs), **scores}
        section.figures |= _figures(name, scores)
    return section


def _int8(bench: Bench, texts: list[str]) -> list[str]:
    model = bench.embedded
    search = Decoding(BEAM, model.max_length).ctranslate2()
    job = {"model": str(model.ctranslate2), "search": search, "texts": texts, "batch_sizes": [32]}
    return list(programs.run("engine_alone", job)["translations"])


def _torch(bench: Bench, texts: list[str]) -> list[str]:
    model = bench.embedded
    decoding = {"beam_size": BEAM, "max_length": model.max_length}
    return list(programs.run("reference", {"model": str(model.hf), "decoding": decoding, "texts": texts}))


def _served(bench: Bench, texts: list[str], engine: str) -> list[str]:
    model = bench.embedded
    folder = model.ctranslate2 if engine == "ctranslate2" else model.hf
    decoding = Decoding(BEAM, model.max_length)
    with servers.service(bench.code, folder, decoding, ENGINE=engine) as server:
        chunks = [texts[at : at + _CHUNK] for at in range(0, len(texts), _CHUNK)]
        record = put(
            server.port, 1, [message.batch(chunk) for chunk in chunks], Closed(3600, most=len(chunks))
        )
    return [item["translation"] for row in record.rows() for item in json.loads(row.body)]


def _scores(outputs: list[str], references: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    metrics: dict[str, BLEU | CHRF] = {"bleu": BLEU(), "chrf": CHRF()}
    for name, metric in metrics.items():
        found[name] = round(metric.corpus_score(outputs, [references]).score, 2)
        found[f"{name}_signature"] = str(metric.get_signature())
    return found


def _figures(dataset: str, scores: dict[str, dict[str, Any]]) -> dict[str, Figure]:
    found = {}
    for pipeline in ("model", "service") if "service_torch" in scores else ("model",):
        for metric in ("bleu", "chrf"):
            int8, torch = scores[f"{pipeline}_int8"][metric], scores[f"{pipeline}_torch"][metric]
            found[f"{dataset}_{pipeline}_{metric}_difference"] = Figure(abs(int8 - torch), "<=", DIFFERENCE)
    return found
