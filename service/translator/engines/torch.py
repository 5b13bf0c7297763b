"""Translate with PyTorch and transformers' MarianMT: the reference for the default engine.

An extra (`pip install 'relctl[reference]'`), never part of an image.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from transformers import GenerationConfig, MarianMTModel

from translator.engines.protocol import Decoding, Output, Pieces
from translator.engines.tokenizer import Tokenizer


class TorchEngine:
    """The model in transformers' own form, computed in 32-bit floats.

    It translates one sentence at a time, whatever the batch: sums of floats depend on the shape of
    what is summed, so this is how the same text gives the same translation always.
    """

    replicas = 1

    def __init__(self, model_dir: Path, threads: int, decoding: Decoding) -> None:
        """`threads`: CPUs for one sentence. Raises OSError or RuntimeError when there is no model."""
        self.decoding = decoding
        self._tokenizer = Tokenizer(model_dir)
        self._ids: dict[str, int] = json.loads((model_dir / "vocab.json").read_text(encoding="utf-8"))
        self._pieces = {number: piece for piece, number in self._ids.items()}
        torch.set_num_threads(threads)
        self._model = MarianMTModel.from_pretrained(model_dir, dtype=torch.float32, local_files_only=True)
        self._model.eval()
        self._model.generation_config = self._search()

    def encode(self, sentence: str) -> Pieces:
        """Return the sentence in pieces."""
        return self._tokenizer.encode(sentence, self.decoding.max_input_length)

    def bucket(self, _pieces: Pieces) -> int:
        """Return one bucket for all, since no batch is ever made."""
        return 0

    def translate(self, batch: Sequence[Pieces]) -> list[Output]:
        """Return one output per sentence, in order."""
        return [self._translate(pieces) for pieces in batch]

    def _translate(self, pieces: Pieces) -> Output:
        unknown = self._ids["<unk>"]
        source = torch.tensor([[self._ids.get(piece, unknown) for piece in pieces]])
        with torch.inference_mode():
            (found,) = self._model.generate(input_ids=source, attention_mask=torch.ones_like(source))
        ends = (self._ids["<pad>"], self._ids["</s>"])
        target = [self._pieces[number] for number in found.tolist() if number not in ends]
        return Output(self._tokenizer.decode(target), len(target))

    def _search(self) -> GenerationConfig:
        # A configuration of its own, so that nothing of the model's generation_config.json is left.
        pad, end = self._ids["<pad>"], self._ids["</s>"]
        return GenerationConfig(
            num_beams=self.decoding.beam_size,
            do_sample=False,
            early_stopping=True,
            length_penalty=self.decoding.length_penalty,
            no_repeat_ngram_size=self.decoding.no_repeat_ngram_size,
            repetition_penalty=1.0,
            max_new_tokens=self.decoding.max_decoding_length,
            min_new_tokens=1,
            suppress_tokens=[self._ids["<unk>"], pad],
            decoder_start_token_id=pad,
            pad_token_id=pad,
            eos_token_id=end,
            bos_token_id=end,
        )
