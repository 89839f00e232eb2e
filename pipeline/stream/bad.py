"""Samples that cannot be read, where the user chose to go on without them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from pipeline.places import is_of_surroundings
from pipeline.stream.draw import MODEL_SIDE
from pipeline.stream.example import Example
from schemas.sample import TimAction

IN_A_ROW = 20  # bad samples of one shard, without a good one between them, in one process


@dataclass
class Watched:
    """What was wrong with a sample; empty while nothing was."""

    reason: str = ""


class BadSamples:
    """Lets damaged samples pass, and no more.

    What fails around a sample, and a shard that is bad as a whole, end the run all the same.
    """

    def __init__(self) -> None:
        self._in_a_row: Counter[str] = Counter()

    @contextmanager
    def watching(self, shard: str) -> Iterator[Watched]:
        """Swallow what is wrong with a sample of `shard`; RuntimeError naming it after IN_A_ROW of them in a row."""
        found = Watched()
        try:
            yield found
        except (ValueError, OSError) as error:
            if isinstance(error, OSError) and is_of_surroundings(error):
                raise
            found.reason = " ".join(str(error).split())
            self._in_a_row[shard] += 1
            if self._in_a_row[shard] >= IN_A_ROW:
                raise RuntimeError(f"{shard}: {IN_A_ROW} bad samples in a row; the last: {found.reason}") from error
        else:
            self._in_a_row.pop(shard, None)


def blank(key: str) -> Example:
    """A slot without a sample: no token, an even picture, weight zero."""
    none = np.zeros(0, dtype=np.int64)
    boxes = none.reshape(0, 4)
    return Example(
        key=key,
        epoch=0,
        ids_T=none,
        box_T4=boxes,
        word_T=none,
        line_T=none,
        line_box_L4=boxes,
        cover_L=none.astype(np.bool_),
        picture_SSC=np.zeros((MODEL_SIDE, MODEL_SIDE, 3), dtype=np.uint8),
        action=TimAction.DROPPED,
        selected_T=none.astype(np.bool_),
        mlm_T=none,
        tia_T=none,
        weight=0.0,
    )
