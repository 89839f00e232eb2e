"""Samples that cannot be read, where the user chose to go on without them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from pipeline.stream.draw import MODEL_SIDE
from pipeline.stream.example import Example
from schemas.sample import TimAction

IN_A_ROW = 20  # bad samples of one shard, without a good one of it between them, in one process
OF_ANY = 100  # bad samples of any shards, without a good one between them


@dataclass
class Watched:
    """What was wrong with a sample; empty while nothing was."""

    reason: str = ""


class BadSamples:
    """Lets damaged samples pass, and no more.

    A file that is not there or cannot be read ends the run all the same, and so do many bad samples in a row.
    """

    def __init__(self) -> None:
        self._in_a_row: Counter[str] = Counter()
        self._of_any = 0

    @contextmanager
    def watching(self, shard: str) -> Iterator[Watched]:
        """Swallow what is wrong with a sample of `shard`; RuntimeError naming it after IN_A_ROW of them in a row."""
        found = Watched()
        try:
            yield found
        except ValueError as error:
            found.reason = " ".join(str(error).split())
            self._in_a_row[shard] += 1
            self._of_any += 1
            if self._in_a_row[shard] >= IN_A_ROW or self._of_any >= OF_ANY:
                count = max(self._in_a_row[shard], self._of_any)
                raise RuntimeError(f"{shard}: {count} bad samples in a row; the last: {found.reason}") from error
        else:
            self._in_a_row.pop(shard, None)
            self._of_any = 0


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
