"""Sorting more than memory holds, and merging sorted streams that are opened only when they are needed."""

from __future__ import annotations

import heapq
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any, TypeVar

from pipeline.sources.listed import Listed, Record

CHUNK = 250_000  # records in memory: about 100 MB of paths
_BLOCK = 32_768
_FIELD, _END = "\0", b"\xff"  # the lowest character, so that bytes sort as records do; a byte that UTF-8 never has

T = TypeVar("T")


class Sorter:
    """Takes any number of records and gives them back sorted, none twice, in flat memory.

    A record is a tuple of texts without NUL. Beyond `chunk` records, sorted runs go to one temporary file, which
    is merged: UTF-8 sorts as code points do.
    """

    def __init__(self, chunk: int | None = None) -> None:
        self._chunk = chunk or CHUNK
        self._records: list[Record] = []
        self._runs: list[tuple[int, int]] = []
        self._file: IO[bytes] | None = None

    def add(self, record: Record) -> None:
        """Take one record."""
        self._records.append(record)
        if len(self._records) >= self._chunk:
            self._spill()

    def take(self) -> Iterator[Record]:
        """All records that were added, sorted, once; the temporary file ends with the iterator."""
        if not self._runs:
            records, self._records = self._records, []
            records.sort()
            yield from once(records)
            return
        self._spill()
        assert self._file is not None
        with self._file as file:
            runs = (_read_run(file.fileno(), *run) for run in self._runs)
            for line in once(heapq.merge(*runs)):
                yield tuple(line.decode("utf-8", "surrogatepass").split(_FIELD))

    def _spill(self) -> None:
        records, self._records = self._records, []
        records.sort()
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="pagemill-sort-")  # noqa: SIM115 - `take` closes it
        start = self._file.tell()
        for record in records:
            line = _FIELD.join(record)
            assert line.count(_FIELD) == len(record) - 1, "a record with NUL in it"
            self._file.write(line.encode("utf-8", "surrogatepass") + _END)
        self._file.flush()
        self._runs.append((start, self._file.tell()))


def _read_run(handle: int, start: int, end: int) -> Iterator[bytes]:
    """Records of one run; each run reads at its own place of the one file."""
    rest = b""
    for place in range(start, end, _BLOCK):
        *lines, rest = (rest + os.pread(handle, min(_BLOCK, end - place), place)).split(_END)
        yield from lines
    assert not rest, "a run ends with a whole record"


def once(items: Iterable[T]) -> Iterator[T]:
    """Sorted items without repetitions."""
    last: T | None = None
    for item in items:
        if item != last:
            yield item
            last = item


Opener = Callable[[], Iterator[Listed]]


def merge_lazily(sources: Iterable[tuple[str, Opener]]) -> Iterator[Listed]:
    """One sorted stream of sorted streams, each opened when the merge reaches what it can begin with.

    `sources` are (a text that none of its URIs is below, what opens it), sorted by that text: of ten million
    folders only those that overlap are open at a time.
    """
    waiting = iter(sources)
    upcoming = next(waiting, None)
    heap: list[tuple[str, int, Listed, Iterator[Listed]]] = []
    opened = 0
    while heap or upcoming is not None:
        if upcoming is not None and (not heap or upcoming[0] <= heap[0][0]):
            opened += 1
            _push(heap, opened, upcoming[1]())
            upcoming = next(waiting, None)
            continue
        _, number, item, stream = heap[0]
        yield item
        following = next(stream, None)
        if following is None:
            heapq.heappop(heap)
        else:
            heapq.heapreplace(heap, (following.uri, number, following, stream))


def _push(heap: list[Any], number: int, stream: Iterator[Listed]) -> None:
    first = next(stream, None)
    if first is not None:
        heapq.heappush(heap, (first.uri, number, first, stream))
