"""Text-image alignment: which lines each variant covers (paper section 3.3)."""

from __future__ import annotations

import io
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from pipeline.keyed import keyed


def line_covers(seed: int, key: str, variants: int, lines: int, rate: float) -> NDArray[np.uint8]:
    """variants x lines, 1 where the line is covered; each line by itself with probability `rate`."""
    draws = [keyed(seed, key, "tia", variant).random(lines) for variant in range(variants)]
    return (np.stack(draws) < rate).astype(np.uint8)


def to_npy(array: NDArray[np.uint8]) -> bytes:
    """The bytes of an .npy file."""
    sink = io.BytesIO()
    np.save(sink, array, allow_pickle=False)
    return sink.getvalue()


def from_npy(data: bytes) -> NDArray[np.uint8]:
    """A matrix of bytes from an .npy file; ValueError where it is none. Never unpickles."""
    try:
        array = np.load(io.BytesIO(data), allow_pickle=False)
    except (EOFError, OSError, BadZipFile) as error:
        raise ValueError(f"not an array: {error}") from None
    if not isinstance(array, np.ndarray) or array.dtype != np.uint8 or array.ndim != 2:
        raise ValueError("not a matrix of bytes")
    return array
