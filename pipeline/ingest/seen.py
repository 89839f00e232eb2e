"""What was seen before: sets of 16-byte keys that take little more than 16 bytes each, for tens of millions of them."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

_WIDTH = 16  # bytes: with 10^8 keys, two that are equal by chance have a probability of 10^-23
Keys = NDArray[np.bytes_]


def keys_of(names: Iterable[tuple[str, ...]]) -> Keys:
    """One key for each tuple of texts."""
    joined = b"".join(blake2b("\0".join(name).encode(), digest_size=_WIDTH).digest() for name in names)
    return np.frombuffer(joined, dtype=f"S{_WIDTH}")


def keys_of_inputs(uris: Iterable[str], hashes: Iterable[str | None]) -> Keys:
    """Keys of inputs by where they are and their hexadecimal SHA-256, None where they cannot be read."""
    return keys_of((uri, sha256 or "") for uri, sha256 in zip(uris, hashes, strict=True))


def keys_of_hashes(hashes: Iterable[str]) -> Keys:
    """Keys of files by their hexadecimal SHA-256."""
    whole = np.frombuffer(bytes.fromhex("".join(hashes)), dtype=np.uint8).reshape(-1, 32)
    return np.ascontiguousarray(whole[:, :_WIDTH]).view(f"S{_WIDTH}").ravel()


class KeySet:
    """Sorted runs, the small ones merged as they come: adding n keys in parts sorts each of them about log n times."""

    def __init__(self) -> None:
        self._runs: list[Keys] = []

    def __len__(self) -> int:
        """Keys that were added; one that was added twice may count twice."""
        return sum(len(run) for run in self._runs)

    def add(self, keys: Keys) -> None:
        """Put in keys, of which some may be there already."""
        if not len(keys):
            return
        run = np.unique(keys)
        while self._runs and len(self._runs[-1]) <= 2 * len(run):
            run = np.unique(np.concatenate([self._runs.pop(), run]))
        self._runs.append(run)

    def remove(self, keys: Keys) -> None:
        """Take out keys, whether they are there or not."""
        if len(keys):
            self._runs = [run for run in (run[~np.isin(run, keys)] for run in self._runs) if len(run)]

    def has(self, keys: Keys) -> NDArray[np.bool_]:
        """For each of `keys`, whether it is in the set."""
        found = np.zeros(len(keys), dtype=np.bool_)
        for run in self._runs:
            place = np.searchsorted(run, keys).clip(max=len(run) - 1)
            found |= run[place] == keys
        return found
