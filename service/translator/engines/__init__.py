"""Load the engine that a setting names; all engines turn sentences into translations, by one protocol."""

from collections.abc import Callable
from pathlib import Path

from translator.engines.protocol import Decoding, Engine


def load(name: str, model_dir: Path, cpus: int, decoding: Decoding) -> Engine:
    """A loaded engine; its libraries are imported here, because they are large and one is an extra.

    Raises OSError or RuntimeError when `model_dir` does not hold a model of its form, ImportError
    when the engine's libraries are not installed, and KeyError for a name that is no engine.
    """
    return _ENGINES[name](model_dir, cpus, decoding)


def _ctranslate2(model_dir: Path, cpus: int, decoding: Decoding) -> Engine:
    from translator.engines.ctranslate2 import CTranslate2Engine

    return CTranslate2Engine(model_dir, cpus, decoding)


def _torch(model_dir: Path, cpus: int, decoding: Decoding) -> Engine:
    from translator.engines.torch import TorchEngine

    return TorchEngine(model_dir, cpus, decoding)


_ENGINES: dict[str, Callable[[Path, int, Decoding], Engine]] = {
    "ctranslate2": _ctranslate2,
    "torch": _torch,
}
