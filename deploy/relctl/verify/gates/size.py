"""Gate `size`: neither the image nor its part that live lacks is larger than allowed."""

from typing import Any

from relctl.config.gates import SizeSettings
from relctl.engine.protocol import Engine, Image
from relctl.verify.trial.trial import Trial, Verdict, failed, passed

_MEBIBYTE = 1024**2  # the unit of `300m`


def size(trial: Trial, settings: SizeSettings) -> Verdict:
    """Compare bytes with the limits; layers are distinguished by their digests."""
    candidate = trial.candidate
    image = candidate.image
    figures: dict[str, Any] = {"image_bytes": image.size_bytes, "max_image_bytes": settings.max_image}
    wrong, right = (
        _over(image.size_bytes, settings.max_image, "the image has"),
        [_mebibytes(image.size_bytes)],
    )
    if trial.live is not None:
        growth = image.size_bytes - trial.live.size_bytes
        added = new_bytes(candidate.engine, image, trial.live)
        figures |= {
            "live_image_bytes": trial.live.size_bytes,
            "new_layers": sum(layer not in trial.live.layers for layer in image.layers),
            "new_layer_bytes": added,
        }
        wrong += _over(growth, settings.max_growth, "it grew over the live image by")
        if added is None and settings.max_new is not None:
            wrong.append("the engine does not report layer sizes")
        elif added is not None:
            wrong += _over(added, settings.max_new, "layers missing from the live image have")
            right.append(f"{_mebibytes(added)} of it in layers that the live image does not have")
        right.append(f"{growth / _MEBIBYTE:+.1f} MiB against the live image")
    return failed(*wrong, **figures) if wrong else passed(*right, **figures)


def new_bytes(engine: Engine, image: Image, live: Image) -> int | None:
    """Return the bytes of the layers that `live` lacks; None if the engine does not report layer sizes."""
    sizes = engine.layer_sizes(image.id)
    if len(sizes) != len(image.layers):
        return None
    return sum(size for layer, size in zip(image.layers, sizes, strict=True) if layer not in live.layers)


def _over(size: int, limit: int | None, what: str) -> list[str]:
    if limit is None or size <= limit:
        return []
    return [f"{what} {_mebibytes(size)} (limit {_mebibytes(limit)})"]


def _mebibytes(size: int) -> str:
    return f"{size / _MEBIBYTE:.1f} MiB"
