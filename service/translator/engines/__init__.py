"""Load the engine that a setting names; all engines turn sentences into translations, by one protocol."""

from pathlib import Path

from translator.engines.protocol import Decoding, Engine


def load(name: str, model_dir: Path, cpus: int, decoding: Decoding) -> Engine:
    """Return a loaded engine; its libraries are imported here: they are large, and torch is an extra.

    Raises OSError or RuntimeError when `model_dir` does not hold a model of its form, ImportError
    when the engine's libraries are not installed.
    """
    if name == "torch":
        from translator.engines.torch import TorchEngine

        return TorchEngine(model_dir, cpus, decoding)
    from translator.engines.ctranslate2 import CTranslate2Engine

    return CTranslate2Engine(model_dir, cpus, decoding)
