"""Makes the CTranslate2 int8 form of a Marian model from its transformers form (`make model`).

    python service/convert_model.py HF_DIR CT2_DIR

The same input gives the same bytes. CT2_DIR is replaced only once all of its files are there.
"""

import shutil
import sys
import tempfile
from pathlib import Path

QUANTIZATION = "int8_float32"
TOKENIZER = ("source.spm", "target.spm")


def convert(source: Path, target: Path) -> None:
    """Raises OSError or RuntimeError when `source` does not hold a Marian model."""
    from ctranslate2.converters import TransformersConverter

    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".converting-") as scratch:
        made = Path(scratch) / target.name
        TransformersConverter(str(source)).convert(str(made), quantization=QUANTIZATION)
        for name in TOKENIZER:
            shutil.copyfile(source / name, made / name)
        if target.exists():
            target.rename(Path(scratch) / "old")
        made.rename(target)


def main() -> None:
    """Convert, or say in one sentence why not."""
    if len(sys.argv) != 3:
        sys.exit("usage: python service/convert_model.py HF_DIR CT2_DIR")
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    try:
        convert(source, target)
    except ImportError as error:
        sys.exit(f"convert_model: {error}; next: deploy/setup.sh reference")
    except (OSError, RuntimeError, ValueError) as error:
        sys.exit(f"convert_model: {source}: {error}")
    print(f"{target}: {sum(path.stat().st_size for path in target.iterdir()):,} bytes")


if __name__ == "__main__":
    main()
