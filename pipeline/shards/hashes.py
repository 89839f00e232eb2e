"""Near-duplicate signatures: MinHash of a page's word 5-grams, perceptual hash of its picture."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.index import MINHASH_SIZE

SIGNATURES = 2  # version of both: those of different ones do not compare
_GRAM = 5
_SIDE = 32  # of the picture that the perceptual hash sees
EMPTY_MINHASH: tuple[int, ...] = (0xFFFF_FFFF,) * MINHASH_SIZE


def _draws(name: bytes, count: int) -> NDArray[np.uint64]:
    each = (blake2b(b"pagemill.%s/%d %d" % (name, SIGNATURES, i), digest_size=8).digest() for i in range(count))
    return np.frombuffer(b"".join(each), dtype="<u8")


_FACTOR, _TERM = _draws(b"factor", MINHASH_SIZE) | np.uint64(1), _draws(b"term", MINHASH_SIZE)
_PLACE = _draws(b"place", _GRAM) | np.uint64(1)  # factor of each word of a gram


def minhash(words: Sequence[str]) -> tuple[int, ...]:
    """MINHASH_SIZE 32-bit minima over the page's lower-cased word 5-grams; all ones for a page without words.

    Shorter pages count as one gram. The share of equal entries of two signatures estimates the Jaccard
    similarity of their sets of grams.
    """
    if not words:
        return EMPTY_MINHASH
    word = np.fromiter(map(_word_hash, words), dtype=np.uint64, count=len(words))
    size = min(_GRAM, len(word))
    count = len(word) - size + 1
    gram = np.zeros(count, dtype=np.uint64)
    for i in range(size):  # all products wrap modulo 2**64 on purpose
        gram += word[i : i + count] * _PLACE[i]
    gram = mixed(gram)
    values = np.multiply.outer(_FACTOR, gram)  # multiply-shift hashing; the least of all has the least upper half
    values += _TERM[:, None]
    return tuple((values.min(axis=1) >> np.uint64(32)).tolist())


@lru_cache(maxsize=1 << 14)  # 3 MB: most words of a page are frequent ones
def _word_hash(word: str) -> int:
    return int.from_bytes(blake2b(word.lower().encode(), digest_size=8).digest(), "little")


def mixed(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of splitmix64: sums of hashes, and hashes beside each other, are not random enough in all bits."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def similarity(a: Sequence[int], b: Sequence[int]) -> float:
    """Estimated Jaccard similarity of two signatures, 0..1."""
    return float(np.mean(np.asarray(a) == np.asarray(b)))


def phash(picture: NDArray[np.uint8]) -> int:
    """64-bit perceptual hash: signs of the 8 x 8 lowest DCT coefficients against their median.

    `picture` is H x W (grey) or H x W x 3 (RGB). The classic method (32 x 32 DCT); the reduction is by sums over whole
    pixels, which takes a tenth of the time of an antialiased filter.
    """
    grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    low = cv2.dct(_reduced(grey))[:8, :8].ravel()
    bits = np.packbits(low > np.median(low))
    return int.from_bytes(bits.tobytes(), "big")


def _reduced(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Means of _SIDE x _SIDE blocks."""
    if min(grey.shape) < 2 * _SIDE:
        return np.asarray(cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), dtype=np.float32)
    rows, columns = (np.arange(_SIDE + 1) * side // _SIDE for side in grey.shape)
    # The sums may wrap; those of single blocks, which are differences, come out right all the same.
    corners = cv2.integral(grey)[rows[:, None], columns[None, :]].astype(np.int32)
    sums = np.diff(np.diff(corners, axis=0), axis=1)
    return np.asarray(sums / np.outer(np.diff(rows), np.diff(columns)), dtype=np.float32)


def hamming(a: int, b: int) -> int:
    """Differing bits of two perceptual hashes, 0..64."""
    return (a ^ b).bit_count()
