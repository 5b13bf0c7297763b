"""What is done to the weights of a bad release: tensors keep their places, and the model still loads."""

import struct
from collections.abc import Callable, Iterator

import numpy
from numpy.typing import NDArray

Weights = NDArray[numpy.int16]

_INT8 = 1  # CTranslate2's number of the type


def int8_tensors(model: bytes) -> Iterator[tuple[int, int]]:
    """Where each tensor of int8 weights begins and ends in a CTranslate2 model.bin (version 6)."""
    place = 4
    place += 2 + struct.unpack_from("<H", model, place)[0]  # the name of the specification
    place += 4
    (count,) = struct.unpack_from("<I", model, place)
    place += 4
    for _ in range(count):
        place += 2 + struct.unpack_from("<H", model, place)[0]  # the variable's name
        rank = model[place]
        place += 1 + 4 * rank
        kind, size = struct.unpack_from("<BI", model, place)
        place += 5
        if kind == _INT8 and rank > 0:
            yield place, place + size
        place += size


def changed(model: bytes, change: Callable[[numpy.random.Generator, Weights], Weights]) -> bytes:
    """The model with another value for each weight; the same one every time."""
    draw, found = numpy.random.default_rng(1), bytearray(model)
    for first, last in int8_tensors(model):
        weights = numpy.frombuffer(model[first:last], dtype=numpy.int8).astype(numpy.int16)
        found[first:last] = numpy.clip(change(draw, weights), -127, 127).astype(numpy.int8).tobytes()
    return bytes(found)


def shuffled(model: bytes) -> bytes:
    """A fifth of the weights of each tensor in another order."""

    def change(draw: numpy.random.Generator, weights: Weights) -> Weights:
        chosen = draw.permutation(len(weights))[: len(weights) // 5]
        weights = weights.copy()
        weights[chosen] = weights[draw.permutation(chosen)]
        return weights

    return changed(model, change)


def noisy(model: bytes, spread: float = 14.0) -> bytes:
    """Normal noise on every weight; a spread of 14 of 127 takes about 3 points of chrF."""

    def change(draw: numpy.random.Generator, weights: Weights) -> Weights:
        return weights + numpy.rint(draw.normal(0, spread, len(weights))).astype(numpy.int16)

    return changed(model, change)
