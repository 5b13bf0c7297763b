"""Many callers at a time get what each would have got alone, whatever shape they ask in."""

import csv
import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

from unit.translator.service_process import Service

CALLERS, TEXTS_EACH = 16, 12
PATIENCE = 200  # seconds
EVERYDAY = Path(__file__).parents[3] / "pipelines/datasets/everyday.tsv"


def ask(service: Service, path: str, body: object) -> Any:
    connection = service.connect()
    connection.timeout = PATIENCE
    connection.request("POST", path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    assert answer.status == 200
    return json.load(answer)


def one_by_one(service: Service, texts: Sequence[str]) -> list[str]:
    return [ask(service, "/translate", {"text": text})["translation"] for text in texts]


def as_list(service: Service, texts: Sequence[str]) -> list[str]:
    answer: list[str] = ask(service, "/translate", {"q": texts, "source": "zh"})["translatedText"]
    return answer


def as_batch(service: Service, texts: Sequence[str]) -> list[str]:
    answer = ask(service, "/batch", [{"id": text, "text": text} for text in texts])
    assert [item["id"] for item in answer] == texts
    return [item["translation"] for item in answer]


def as_deepl(service: Service, texts: Sequence[str]) -> list[str]:
    answer = ask(service, "/v2/translate", {"text": texts, "target_lang": "EN"})
    return [item["text"] for item in answer["translations"]]


SHAPES: list[Callable[[Service, Sequence[str]], list[str]]] = [one_by_one, as_list, as_batch, as_deepl]


def sources() -> list[list[str]]:
    """Texts for each caller, of two sentences, none of them twice."""
    with EVERYDAY.open(encoding="utf-8", newline="") as file:
        found = [row["source"] for row in csv.DictReader(file, delimiter="\t")]
    pairs = [first + second for first, second in pairwise(found)]
    return [pairs[caller * TEXTS_EACH :][:TEXTS_EACH] for caller in range(CALLERS)]


def test_sixteen_callers_get_what_each_would_get_alone(start: Callable[..., Service]) -> None:
    texts = sources()
    assert len({text for each in texts for text in each}) == CALLERS * TEXTS_EACH
    # What they say is the matter here, and not when: engines give way to all else that runs on a machine.
    busy = start(DEADLINE=str(PATIENCE))
    quiet = start(DEADLINE=str(PATIENCE), CACHE_BYTES="0", BATCHING="false")
    busy.wait_for("/readyz", 200)
    quiet.wait_for("/readyz", 200)
    together = threading.Barrier(CALLERS)

    def call(caller: int) -> list[str]:
        together.wait(timeout=60)
        return SHAPES[caller % len(SHAPES)](busy, texts[caller])

    with ThreadPoolExecutor(CALLERS) as pool:
        answers = list(pool.map(call, range(CALLERS)))
    assert answers == [one_by_one(quiet, each) for each in texts]
