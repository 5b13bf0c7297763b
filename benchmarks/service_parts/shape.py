"""Make a model of a real Marian model's shape with random weights. A program: JSON in, JSON out.

6 + 6 layers of width 512, feed-forward 2048, 8 heads, and 58,100 pieces, as the models of OPUS-MT have them
(https://github.com/Helsinki-NLP/Opus-MT). The pieces of a given model come first; the rest are made up.
"""

import json
import shutil
import struct
import sys
import tempfile
from itertools import count, islice
from pathlib import Path
from typing import Any

RECIPE = "marian-6x512-58100-3"  # a folder's name: another one whenever anything here changes
PIECES = 58_100
_SEED = 0
_NEVER = -1e4
_CONSONANTS, _VOWELS = "bcdfghklmnprstvz", "aeiou"
_TOKENIZER = ("source.spm", "target.spm")


def make(origin: Path, folder: Path) -> None:
    """Write `folder`, all of it or nothing, from the tokenizer in `origin`."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        hf = Path(scratch) / "made" / "hf"
        hf.mkdir(parents=True)
        _write_tokenizer(origin, hf)
        _write_weights(hf)
        _convert(hf, hf.with_name("ct2-int8"))
        hf.parent.rename(folder)


def _write_tokenizer(origin: Path, hf: Path) -> None:
    vocabulary = json.loads((origin / "vocab.json").read_text(encoding="utf-8"))
    pieces = [piece for piece in sorted(vocabulary, key=vocabulary.__getitem__) if piece != "<pad>"]
    words = (piece for number in count() if (piece := f"▁{_word(number)}") not in vocabulary)
    more = list(islice(words, PIECES - len(pieces)))
    numbered = {piece: number for number, piece in enumerate([*pieces, *more, "<pad>"])}
    (hf / "vocab.json").write_text(json.dumps(numbered, ensure_ascii=False), encoding="utf-8")
    for name in _TOKENIZER:
        (hf / name).write_bytes((origin / name).read_bytes() + b"".join(map(_message, more)))
    shutil.copy(origin / "tokenizer_config.json", hf)


def _word(number: int) -> str:
    """Return a word of five letters that no other number below 102,400 has."""
    letters = []
    for alphabet in (_CONSONANTS, _VOWELS, _CONSONANTS, _VOWELS, _CONSONANTS):
        number, letter = divmod(number, len(alphabet))
        letters.append(alphabet[letter])
    return "".join(letters)


def _message(piece: str) -> bytes:
    """Return one more piece, to be appended to a SentencePiece model: field 1 of its protocol buffer.

    https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto
    """
    text = piece.encode()
    fields = b"\x0a" + bytes([len(text)]) + text + b"\x15" + struct.pack("<f", -20.0)
    return b"\x0a" + bytes([len(fields)]) + fields


def _write_weights(hf: Path) -> None:
    import torch
    from transformers import MarianConfig, MarianMTModel

    torch.manual_seed(_SEED)
    model = MarianMTModel(MarianConfig(**_config()))
    # Whether random weights end a sentence is luck, and the length is to be the same for all.
    model.final_logits_bias[0, :2] = _NEVER
    with torch.no_grad():
        _sharpen(dict(model.named_parameters()))
    model.eval().save_pretrained(hf)


def _sharpen(weights: dict[str, Any]) -> None:
    """Make texts differ in their pieces, and the best piece much better than the next, as training does.

    Fresh weights say one piece over and over, whatever the text, and rounding decides which.
    """
    embedding = weights["model.shared.weight"]
    embedding.mul_((2 * embedding.new_empty(len(embedding), 1).normal_()).exp())
    weights["model.decoder.layers.5.final_layer_norm.weight"].normal_()


def _config() -> dict[str, object]:
    sides = ("encoder", "decoder")
    return {
        **{f"{side}_layers": 6 for side in sides},
        **{f"{side}_attention_heads": 8 for side in sides},
        **{f"{side}_ffn_dim": 2048 for side in sides},
        "d_model": 512,
        "init_std": 0.03,
        "vocab_size": PIECES + 1,
        "decoder_vocab_size": PIECES + 1,
        "max_position_embeddings": 512,
        "activation_function": "swish",
        "scale_embedding": True,
        "static_position_embeddings": True,
        "share_encoder_decoder_embeddings": True,
        "tie_word_embeddings": True,
        "bos_token_id": 0,
        "eos_token_id": 0,
        "forced_eos_token_id": 0,
        "pad_token_id": PIECES,
        "decoder_start_token_id": PIECES,
    }


def _convert(hf: Path, folder: Path) -> None:
    from ctranslate2.converters import TransformersConverter

    TransformersConverter(str(hf)).convert(str(folder), quantization="int8_float32")
    for name in _TOKENIZER:
        shutil.copy(hf / name, folder)


if __name__ == "__main__":
    _job = json.load(sys.stdin)
    make(Path(_job["tokenizer"]), Path(_job["folder"]))
    json.dump({}, sys.stdout)
