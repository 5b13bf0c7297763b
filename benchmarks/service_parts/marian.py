"""Translate with transformers as its documentation shows: one text at a time, 32-bit floats."""

from pathlib import Path

import torch
from transformers import MarianMTModel, MarianTokenizer

from service_parts.models import Decoding


class Marian:
    """A loaded model; https://huggingface.co/docs/transformers/model_doc/marian."""

    def __init__(self, folder: Path, decoding: Decoding) -> None:
        self._tokenizer = MarianTokenizer.from_pretrained(folder)
        self._model = MarianMTModel.from_pretrained(folder, dtype=torch.float32).eval()
        self._model.generation_config.max_length = None  # `max_new_tokens` stands for it
        self._search = {
            "num_beams": decoding.beam_size,
            "length_penalty": decoding.length_penalty,
            "early_stopping": decoding.beam_size > 1,
            "no_repeat_ngram_size": decoding.no_repeat_ngram_size,
            "suppress_tokens": [self._tokenizer.unk_token_id],
            "max_new_tokens": decoding.max_length,
        }
        if decoding.beam_size == 1:
            del self._search["early_stopping"], self._search["length_penalty"]  # of beams only

    def translate(self, text: str) -> str:
        """Return the translation of one text."""
        with torch.inference_mode():
            inputs = self._tokenizer(text, return_tensors="pt")
            pieces = self._model.generate(**inputs, **self._search)
        return str(self._tokenizer.decode(pieces[0], skip_special_tokens=True))
