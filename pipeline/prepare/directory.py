"""All pages of a dataset by document, without a table of them: a document by its number, and a page of it.

What is held is a few integers for each shard (its samples, the documents that begin in it, the rows that go on with
the last document of the shard before). Everything else is read from the shards' indexes, of which a few are kept.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import Any

import pyarrow as pa

from pipeline.prepare.tim import Candidate
from pipeline.shards.dataset import Dataset, ShardRef
from schemas.manifest import TRAIN_PLAN_SCHEMA

_INDEXES = 64  # kept in memory, of 256 pages each at most
_ASKED = ["key", "document", "words", "minhash", "phash"]


@dataclass(frozen=True)
class Runs:
    """The documents of one shard, which are runs of its rows: how many, the first, its rows, the last."""

    samples: int
    count: int = 0
    first: str = ""
    first_rows: int = 0
    last: str = ""


def runs_of(documents: Sequence[str]) -> Runs:
    """From the `document` column of a shard's index."""
    sizes = [(name, sum(1 for _ in run)) for name, run in groupby(documents)]
    if not sizes:
        return Runs(0)
    return Runs(len(documents), len(sizes), sizes[0][0], sizes[0][1], sizes[-1][0])


def look_at(dataset: Dataset, shards: Iterable[ShardRef]) -> list[Runs]:
    """The documents of each of `shards`."""
    return [runs_of(dataset.index(shard)["document"].to_pylist()) for shard in shards]


def plan_rows(shards: Iterable[tuple[ShardRef, Runs]], last: str = "") -> Iterator[dict[str, Any]]:
    """Rows of TRAIN_PLAN_SCHEMA for shards in their order; `last` is the document that the shards before end with."""
    for shard, runs in shards:
        goes_on = runs.count > 0 and runs.first == last
        yield {
            "generation": shard.generation,
            "shard": shard.stem,
            "samples": runs.samples,
            "documents": runs.count - goes_on,
            "leading": runs.first_rows if goes_on else 0,
        }
        last = runs.last or last


def plan_table(shards: Iterable[tuple[ShardRef, Runs]], last: str = "") -> pa.Table:
    """The plan of a training generation: a unit for each shard of pages, and where documents begin."""
    return pa.Table.from_pylist(list(plan_rows(shards, last)), schema=TRAIN_PLAN_SCHEMA)


class _Index:
    """What is used of one shard's index: its pages, the rows in which documents begin (and the end), the members."""

    def __init__(self, shard: int, table: pa.Table) -> None:
        self._shard = shard
        self._table = table.select(_ASKED).combine_chunks()
        self._pages: dict[int, Candidate] = {}
        sizes = [sum(1 for _ in run) for _, run in groupby(table["document"].to_pylist())]
        self.starts = list(accumulate(sizes, initial=0))
        self.rows = table.num_rows
        self.members = table["members"].combine_chunks()

    def page(self, row: int) -> Candidate:
        """The page in a row: made when it is asked for, as most never are."""
        if row not in self._pages:
            self._pages[row] = Candidate.of(self._shard, row, self._table.slice(row, 1).to_pylist()[0])
        return self._pages[row]


class Directory:
    """Documents 0 .. count - 1 in the order of the shards, and their pages.

    `plan` has the columns of TRAIN_PLAN_SCHEMA, a row for each shard; `read` gives the index of a shard by its row.
    A document that comes back in a later shard, after others (pages that were tried again), counts again there.
    """

    def __init__(self, plan: pa.Table, read: Callable[[int], pa.Table]) -> None:
        self._plan = plan
        self._read = read
        self._samples: list[int] = plan["samples"].to_pylist()
        self._leading: list[int] = plan["leading"].to_pylist()
        self._begins: list[int] = list(accumulate(plan["documents"].to_pylist(), initial=0))
        self._indexes: OrderedDict[int, _Index] = OrderedDict()

    @property
    def count(self) -> int:
        """Number of documents."""
        return self._begins[-1]

    def shard(self, number: int) -> ShardRef:
        """The shard in row `number` of the plan."""
        row = self._plan.slice(number, 1).to_pylist()[0]
        return ShardRef(row["generation"], row["shard"], row["samples"])

    def pages(self, document: int) -> int:
        """How many pages a document has."""
        return sum(len(rows) for _, rows in self._ranges(document))

    def page(self, document: int, number: int) -> Candidate:
        """Page `number` of a document, counted from 0."""
        for shard, rows in self._ranges(document):
            if number < len(rows):
                return self.candidate(shard, rows[number])
            number -= len(rows)
        raise AssertionError(f"document {document} has {number} pages fewer than asked for")

    def _ranges(self, document: int) -> Iterator[tuple[int, range]]:
        """Where the pages of a document lie: rows of the shard that it begins in, and of those that follow."""
        shard = bisect_right(self._begins, document) - 1
        starts = self._index(shard).starts
        run = document - self._begins[shard] + (self._leading[shard] > 0)
        yield shard, range(starts[run], starts[run + 1])
        goes_on = starts[run + 1] == self._samples[shard]
        while goes_on and (shard := shard + 1) < len(self._samples):
            yield shard, range(self._leading[shard])
            goes_on = self._leading[shard] == self._samples[shard]

    def candidate(self, shard: int, row: int) -> Candidate:
        """The page in a row of a shard's index."""
        return self._index(shard).page(row)

    def members(self, candidate: Candidate) -> list[dict[str, Any]]:
        """Where the members of a page lie."""
        found: list[dict[str, Any]] = self._index(candidate.shard).members[candidate.row].as_py()
        return found

    def _index(self, shard: int) -> _Index:
        if shard in self._indexes:
            self._indexes.move_to_end(shard)
        else:
            index = _Index(shard, self._read(shard))
            self._check(shard, index)
            self._indexes[shard] = index
            if len(self._indexes) > _INDEXES:
                self._indexes.popitem(last=False)
        return self._indexes[shard]

    def _check(self, shard: int, index: _Index) -> None:
        """ValueError where an index is not the one that was planned with: numbers would name other documents."""
        runs = self._begins[shard + 1] - self._begins[shard] + (self._leading[shard] > 0)
        found = index.rows, len(index.starts) - 1
        if found != (self._samples[shard], runs):
            raise ValueError(
                f"{self.shard(shard).index}: {found[0]} samples of {found[1]} documents, planned were"
                f" {self._samples[shard]} of {runs}"
            )
