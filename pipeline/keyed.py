"""Randomness as a function: of a seed, a sample's key, a purpose and counters. Never of rank, worker or order."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

LAST_SEED = (1 << 63) - 1  # what JSON and Parquet hold


def keyed(seed: int, *parts: str | int) -> np.random.Generator:
    """A generator that depends on its arguments alone, the same on every machine.

    Philox is counter-based and its stream is fixed by numpy's compatibility promise for bit generators; only
    `random` and `integers` of the result are used, for the same reason.
    """
    name = "\0".join([str(seed), *map(str, parts)])
    key = int.from_bytes(blake2b(name.encode(), digest_size=16).digest(), "little")
    return np.random.Generator(np.random.Philox(key=key))
