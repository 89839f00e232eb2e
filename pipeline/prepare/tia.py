"""Text-image alignment: which lines each variant covers (paper section 3.3)."""

from __future__ import annotations

import io
import re

import numpy as np
from numpy.typing import NDArray

from pipeline.keyed import keyed

# Magic, version 1.0, length of the header, header: what numpy writes for a matrix of bytes.
_NPY = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '\|u1', 'fortran_order': False, 'shape': \(([0-9]{1,9}), ([0-9]{1,9})\), \} *\n",
    re.DOTALL,
)


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
    """A matrix of bytes from what `to_npy` wrote; ValueError where it is anything else. Runs no parser of numpy."""
    found = _NPY.match(data)
    rows, columns = map(int, found.groups()) if found else (0, 0)
    if found is None or len(data) - found.end() != rows * columns:
        raise ValueError("not a matrix of bytes")
    return np.frombuffer(data, dtype=np.uint8, offset=found.end()).reshape(rows, columns)
