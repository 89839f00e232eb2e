"""The held-out split: documents that say nearly the same lie on one side of it.

Pages are compared by MinHash in bands (locality-sensitive hashing): two that share any band are looked at, and
are near-duplicates if half of their signatures agree. Documents with near-duplicate pages form clusters, and a
cluster is drawn as a whole. The draw depends on the cluster's first document alone, never on a seed, so that the
datasets of several seeds hold out the same.

Pages of fewer than FEW_WORDS words link nothing: nearly empty pages look alike all over a collection.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.keyed import keyed
from pipeline.shards.hashes import mixed
from schemas.index import MINHASH_SIZE
from schemas.manifest import SPLIT_SCHEMA

SIDES = ("train", "held-out")
NEITHER = "neither"

# Two rows a band: pages of which exactly half agrees share one with probability 1 - (1 - 1/4) ** 32 = .9999.
_ROWS = 2
_BANDS = MINHASH_SIZE // _ROWS
_LEAST = MINHASH_SIZE // 2  # equal entries of near-duplicates
_PAIRWISE = 256  # members of a group that are compared with all others; more are compared with so many of them

# One page in one band. Of its signature the lowest bytes are enough: equal entries stay equal, and of two pages
# that have nothing in common one entry in 256 seems to agree.
RECORD = np.dtype(
    [("key", "<u8"), ("document", "<u8"), ("generation", "<u2"), ("sketch", "u1", (MINHASH_SIZE,))],
)
EDGE = np.dtype([("a", "<u8"), ("a_generation", "<u2"), ("b", "<u8"), ("b_generation", "<u2")])

Records = NDArray[np.void]
Edges = NDArray[np.void]


def document_number(name: str) -> int:
    """A document's name in the index (16 hexadecimal digits) as a number."""
    return int(name, 16)


def band_records(index: pa.Table, generation: int, few_words: int) -> Records:
    """_BANDS records of each page of an index that has `few_words` words or more, and one of each document."""
    rows = np.flatnonzero(index["words"].to_numpy() >= few_words)
    names = index["document"].to_pylist()
    flat = index["minhash"].combine_chunks().values.to_numpy(zero_copy_only=False)
    signature = flat.reshape(-1, MINHASH_SIZE)[rows].astype(np.uint64)
    low, high = signature[:, 0::_ROWS], signature[:, 1::_ROWS]
    found = np.zeros((len(rows), _BANDS), dtype=RECORD)
    found["key"] = mixed((low << np.uint64(32) | high) + np.arange(_BANDS, dtype=np.uint64)[None, :])
    found["document"] = np.array([document_number(names[row]) for row in rows], dtype=np.uint64)[:, None]
    found["generation"] = generation
    found["sketch"] = (signature & np.uint64(0xFF)).astype(np.uint8)[:, None, :]
    return np.concatenate([found.reshape(-1), _own_records(names, generation)])


def _own_records(names: Sequence[str], generation: int) -> Records:
    """One of each document, which meets nobody but itself: its pages may be of several generations."""
    found = np.zeros(len(set(names)), dtype=RECORD)
    found["document"] = [document_number(name) for name in sorted(set(names))]
    found["key"], found["generation"] = _own_key(found["document"]), generation
    return found


def _own_key(document: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return mixed(~document)


def partitioned(records: Records, partitions: int) -> list[Records]:
    """The records by partition: those that share a band lie in the same one."""
    where = records["key"] % np.uint64(partitions)
    return [records[where == number] for number in range(partitions)]


def edges_of(records: Records) -> Edges:
    """Pairs of documents with near-duplicate pages among the records of one partition.

    Not all pairs, but as many as it takes to join what belongs together, and those of earlier generations first: what
    is joined by the pages up to a generation does not depend on later ones. A document in several generations is a pair
    with itself.
    """
    own = records["key"] == _own_key(records["document"])
    itself, records = records[own], records[~own]
    ordered = records[np.lexsort((records["document"], records["generation"], records["key"]))]
    cuts = np.flatnonzero(ordered["key"][1:] != ordered["key"][:-1]) + 1
    begins, ends = np.concatenate([[0], cuts]), np.concatenate([cuts, [len(ordered)]])
    groups = zip(begins[ends - begins > 1].tolist(), ends[ends - begins > 1].tolist(), strict=True)
    pairs = [edge for begin, end in groups for edge in _linked(ordered[begin:end])]
    return _unique([*pairs, _with_themselves(itself)])


def _with_themselves(records: Records) -> Edges:
    """Pairs of the first generation of a document and each later one."""
    ordered = records[np.lexsort((records["generation"], records["document"]))]
    _, first, which = np.unique(ordered["document"], return_index=True, return_inverse=True)
    later = ordered["generation"] != ordered["generation"][first][which]
    pairs = np.zeros(int(later.sum()), dtype=EDGE)
    pairs["a"] = pairs["b"] = ordered["document"][later]
    pairs["a_generation"], pairs["b_generation"] = (
        ordered["generation"][first][which][later],
        ordered["generation"][later],
    )
    return pairs


def _linked(group: Records) -> Iterator[Edges]:
    """Pairs of one group. In a large one each page is compared with the first ones only, to which most are alike."""
    part = np.arange(len(group))  # of the group, joined so far
    for generation in np.unique(group["generation"]):
        count = int(np.searchsorted(group["generation"], generation, side="right"))
        for number in range(min(count - 1, _PAIRWISE)):
            if (part[:count] == part[0]).all():
                break
            leader, others = group[number], group[number + 1 : count]
            equal = (others["sketch"] == leader["sketch"]).sum(axis=1)
            like = number + 1 + np.flatnonzero((equal >= _LEAST) & (others["generation"] == generation))
            joined, first = np.unique(part[like], return_index=True)
            new = like[first[joined != part[number]]]
            part[np.isin(part, joined)] = part[number]
            yield _pairs(leader, group[new])


def _pairs(leader: np.void, others: Records) -> Edges:
    """Pairs of a page's document with others; none with itself."""
    others = others[others["document"] != leader["document"]]
    pairs = np.zeros(len(others), dtype=EDGE)
    pairs["a"], pairs["a_generation"] = leader["document"], leader["generation"]
    pairs["b"], pairs["b_generation"] = others["document"], others["generation"]
    return pairs


def _unique(parts: Iterable[Edges]) -> Edges:
    """All pairs, each once, in an order that does not depend on that of the parts."""
    pairs: Edges = np.concatenate([np.zeros(0, dtype=EDGE), *parts])
    pairs = pairs[np.lexsort([pairs[name] for name in pairs.dtype.names or ()])]
    once: Edges = pairs[np.concatenate([[True], pairs[1:] != pairs[:-1]])[: len(pairs)]]
    return once


@dataclass
class _Clusters:
    """Sets of documents that are joined one by one (union-find); the least of each stands for it."""

    _above: dict[int, int] = field(default_factory=dict)

    def find(self, document: int) -> int:
        """Which document stands for the cluster of `document`."""
        above = self._above.setdefault(document, document)
        while above != self._above[above]:
            self._above[document] = above = self._above[above]
        return above

    def join(self, a: int, b: int) -> None:
        """Make one cluster of those of `a` and `b`."""
        low, high = sorted((self.find(a), self.find(b)))
        self._above[high] = low


def sides_of(edges: Iterable[Edges], fraction: float) -> dict[int, str]:
    """The side of every document that has an edge.

    Generations are taken in their order, so that the sides of earlier ones never change: a new document goes where its
    cluster lies already, and on neither side where it joins clusters of both.
    """
    pairs = _unique(edges)
    first = _first_generations(pairs)
    sides: dict[int, str] = {}
    clusters = _Clusters()
    newest = np.maximum(pairs["a_generation"], pairs["b_generation"])
    for generation in sorted({*first.values(), *newest.tolist()}):
        now = pairs[newest == generation]
        for a, b in zip(now["a"].tolist(), now["b"].tolist(), strict=True):
            clusters.join(a, b)
        new = sorted(document for document, since in first.items() if since == generation)
        _settle(sides, clusters, new, fraction)
    return sides


def _first_generations(pairs: Edges) -> dict[int, int]:
    first: dict[int, int] = {}
    for end in ("a", "b"):
        for document, generation in zip(pairs[end].tolist(), pairs[f"{end}_generation"].tolist(), strict=True):
            first[document] = min(generation, first.get(document, generation))
    return first


def _settle(sides: dict[int, str], clusters: _Clusters, new: Sequence[int], fraction: float) -> None:
    """Give the documents of one generation their sides."""
    taken: dict[int, set[str]] = {}
    for document, side in sides.items():
        taken.setdefault(clusters.find(document), set()).add(side)
    for document in new:
        there = taken.get(clusters.find(document), set()) - {NEITHER}
        if len(there) > 1:
            sides[document] = NEITHER
        else:
            sides[document] = next(iter(there), None) or drawn_side(clusters.find(document), fraction)


def drawn_side(document: int, fraction: float) -> str:
    """The side of a document that is like no other, or of the cluster that it stands for."""
    return SIDES[1] if keyed(0, "held-out", f"{document:016x}").random() < fraction else SIDES[0]


def split_table(sides: dict[int, str]) -> pa.Table:
    """The sides as a table of SPLIT_SCHEMA, by document."""
    ordered = sorted(sides.items())
    return pa.table(
        {"document": [document for document, _ in ordered], "side": [side for _, side in ordered]}, schema=SPLIT_SCHEMA
    )


class Split:
    """Which side a document lies on. `table` (SPLIT_SCHEMA) names those that have near-duplicates in others."""

    def __init__(self, table: pa.Table, fraction: float) -> None:
        self._documents: NDArray[np.uint64] = table["document"].to_numpy()
        self._sides = table["side"].combine_chunks().dictionary_encode()
        self._fraction = fraction

    def side(self, name: str) -> str:
        """The side of a document by its name in the index."""
        number = document_number(name)
        at = int(np.searchsorted(self._documents, np.uint64(number)))
        if at < len(self._documents) and self._documents[at] == number:
            return str(self._sides[at].as_py())
        return drawn_side(number, self._fraction)
