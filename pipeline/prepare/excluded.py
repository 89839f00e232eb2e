"""Pages that are kept out: those of other page datasets (evaluation sets, say) and all that is nearly the same."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from pipeline.prepare.tim import FEW_WORDS, SAME_PICTURE, SAME_TEXT, Candidate
from schemas.index import MINHASH_SIZE

_BITS = np.array([bin(value).count("1") for value in range(256)], dtype=np.uint8)


class Excluded:
    """The pages in some indexes, by their documents and signatures: 270 bytes a page, each compared with each."""

    def __init__(self, indexes: Iterable[pa.Table]) -> None:
        tables = [table.select(["document", "words", "minhash", "phash"]) for table in indexes if table.num_rows]
        whole = pa.concat_tables(tables).combine_chunks() if tables else None
        self._documents = frozenset(whole["document"].to_pylist()) if whole is not None else frozenset[str]()
        self._words = whole["words"].to_numpy() if whole is not None else np.zeros(0, dtype=np.int32)
        self._phash = whole["phash"].to_numpy() if whole is not None else np.zeros(0, dtype=np.uint64)
        flat = whole["minhash"].combine_chunks().values.to_numpy() if whole is not None else np.zeros(0, np.uint32)
        self._minhash = flat.reshape(-1, MINHASH_SIZE)

    def __len__(self) -> int:
        return len(self._words)

    def why(self, page: Candidate) -> str | None:
        """Why a page is kept out, or None. The rule of `near_duplicates`, for all pages at once."""
        if page.document in self._documents:
            return "its document is kept out"
        if not len(self):
            return None
        few = np.minimum(self._words, page.words) < FEW_WORDS
        equal = (self._minhash == np.asarray(page.minhash, dtype=np.uint32)).mean(axis=1)
        bits = _BITS[(self._phash ^ np.uint64(page.phash)).view(np.uint8)].reshape(-1, 8).sum(axis=1)
        near = np.where(few, bits <= SAME_PICTURE, equal >= SAME_TEXT)
        return "a near-duplicate of a page that is kept out" if near.any() else None
