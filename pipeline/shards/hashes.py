"""Near-duplicate signatures: MinHash of a page's word 5-grams, perceptual hash of its picture."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.index import MINHASH_SIZE

_GRAM = 5
EMPTY_MINHASH: tuple[int, ...] = (0xFFFF_FFFF,) * MINHASH_SIZE


def _coefficients() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    draws = np.frombuffer(
        b"".join(blake2b(b"pagemill.minhash/1 %d" % i, digest_size=16).digest() for i in range(MINHASH_SIZE)),
        dtype="<u8",
    ).reshape(-1, 2)
    return draws[:, 0] | np.uint64(1), draws[:, 1]


_FACTOR, _TERM = _coefficients()


def minhash(words: Sequence[str]) -> tuple[int, ...]:
    """MINHASH_SIZE 32-bit minima over the page's lower-cased word 5-grams; all ones for a page without words.

    Shorter pages count as one gram. The share of equal entries of two signatures estimates the Jaccard
    similarity of their sets of grams.
    """
    lowered = [word.lower() for word in words]
    if not lowered:
        return EMPTY_MINHASH
    grams = {"\0".join(lowered[i : i + _GRAM]) for i in range(max(1, len(lowered) - _GRAM + 1))}
    digests = b"".join(blake2b(gram.encode(), digest_size=8).digest() for gram in grams)
    values = np.frombuffer(digests, dtype="<u8")
    # Multiply-shift hashing; the product wraps modulo 2**64 on purpose.
    mixed = (values[:, None] * _FACTOR[None, :] + _TERM[None, :]) >> np.uint64(32)
    return tuple(int(value) for value in mixed.min(axis=0))


def similarity(a: Sequence[int], b: Sequence[int]) -> float:
    """Estimated Jaccard similarity of two signatures, 0..1."""
    return float(np.mean(np.asarray(a) == np.asarray(b)))


def phash(picture: NDArray[np.uint8]) -> int:
    """64-bit perceptual hash: signs of the 8 x 8 lowest DCT coefficients against their median.

    `picture` is H x W (grey) or H x W x 3 (RGB). The classic method (32 x 32 DCT), with OpenCV's area
    reduction: a tenth of the time of reducing with an antialiased filter.
    """
    grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(_coarse(grey), (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[:8, :8].ravel()
    bits = np.packbits(low > np.median(low))
    return int.from_bytes(bits.tobytes(), "big")


def _coarse(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Reduced by a whole number, which is quick, to 64 pixels or more; what is left over at two edges goes."""
    factor = min(grey.shape) // 64
    if factor < 2:
        return grey
    height, width = (side // factor for side in grey.shape)
    whole = grey[: height * factor, : width * factor]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def hamming(a: int, b: int) -> int:
    """Differing bits of two perceptual hashes, 0..64."""
    return (a ^ b).bit_count()
