"""Serve a common first version of a service, for comparison: Flask, four sync workers, each with torch.

    export MODEL_DIR=…/hf BEAM_SIZE=4 MAX_DECODING_LENGTH=128
    gunicorn --workers 4 --chdir benchmarks baseline_app:app

POST /translate {"text": "…"} answers {"translation": "…"}. TORCH_THREADS sets the threads of each worker;
without it torch uses one for each core.
"""

import logging
import os
from pathlib import Path

import torch
from flask import Flask, request

from service_parts.marian import Marian
from service_parts.models import Decoding

if os.environ.get("TORCH_THREADS"):
    torch.set_num_threads(int(os.environ["TORCH_THREADS"]))

_decoding = Decoding(int(os.environ["BEAM_SIZE"]), int(os.environ["MAX_DECODING_LENGTH"]))
_model = Marian(Path(os.environ["MODEL_DIR"]), _decoding)
_model.translate("今天天气真好。")
logging.getLogger("gunicorn.error").info("model loaded")

app = Flask(__name__)


@app.post("/translate")
def translate() -> dict[str, str]:
    """Translate one text."""
    return {"translation": _model.translate(request.get_json()["text"])}
