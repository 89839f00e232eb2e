"""From what the inputs showed to a plan: every page has a row before any work is done."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.ingest.seen import KeySet, keys_of_hashes, keys_of_inputs
from schemas.manifest import PLAN_SCHEMA, ManifestRow, Reason, Status


@dataclass(frozen=True)
class PlannedPart:
    """What came of one part of the inputs: pages to make, and rows that are decided already."""

    pages: pa.Table  # PLAN_SCHEMA
    decided: list[ManifestRow]  # unusable files, duplicates


Place = tuple[str, str | None]  # uri, sha256


@dataclass
class Planner:
    """Turns the parts of the inputs, in their order, into parts of a plan."""

    generation: str
    known: KeySet = field(default_factory=KeySet)  # (uri, sha256) of inputs that something else accounts for
    held: KeySet = field(default_factory=KeySet)  # files whose pages are in earlier generations or parts
    retry: bool = False  # each input stands for rejected rows of its own, which are tried again
    _taken: set[Place] = field(default_factory=set)  # that came in the place of others
    _inputs: Any = field(default_factory=hashlib.sha256)

    @property
    def inputs(self) -> str:
        """Digest of what was put in so far."""
        return str(self._inputs.hexdigest())

    def part(self, listing: pa.Table, probes: pa.Table) -> PlannedPart:
        """Plan one part; an input that is accounted for already is left out."""
        if listing.num_rows != probes.num_rows:
            raise ValueError(f"{probes.num_rows} inputs were opened of {listing.num_rows} that are listed")
        rows = [a | b for a, b in zip(listing.to_pylist(), _renamed(probes).to_pylist(), strict=True)]
        rows = list(self._unsettled(rows))
        opened = [row["found"] for row in rows if row["reason"] is None]
        held = dict(zip(opened, self.held.has(keys_of_hashes(opened)).tolist(), strict=True))
        chosen: list[tuple[dict[str, Any], Sequence[int]]] = []
        decided: list[ManifestRow] = []
        for row in rows:
            self._inputs.update(f"{row['uri']}\0{row['found']}\0".encode())
            again = row["only"] is not None and row["found"] == row["sha256"]
            if row["reason"] is not None:
                decided.append(self._decided(row, Status.REJECTED))
            elif held[row["found"]] and not again:
                decided.append(self._decided(row, Status.DUPLICATE))
            else:
                held[row["found"]] = True
                chosen.append((row, row["only"] if again else range(row["pages"])))
        self.held.add(keys_of_hashes(opened))
        return PlannedPart(_pages(chosen), decided)

    def _unsettled(self, rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Those that no other row of the manifest is for."""
        known = self.known.has(keys_of_inputs([row["uri"] for row in rows], [row["found"] for row in rows]))
        for row, there in zip(rows, known.tolist(), strict=True):
            if self.retry and row["found"] == row["sha256"]:
                yield row
            elif self.retry:
                yield from self._in_its_place(row, there or (row["uri"], row["found"]) in self._taken)
            elif not there:
                yield row

    def _in_its_place(self, row: dict[str, Any], there: bool) -> Iterator[dict[str, Any]]:
        """An input whose bytes are not those that were rejected; `there`: other rows are for what it is now."""
        if row["only"] is not None and (there or row["reason"] is not None):
            # The other pages of the file count, so these stay what they are: it may be back the next time.
            reason, detail = row["reason"] or Reason.CHANGED.value, row["detail"] or "its bytes are others by now"
            yield row | {"found": row["sha256"], "reason": reason, "detail": detail}
        elif not there:
            self._taken.add((row["uri"], row["found"]))
            yield row

    def _decided(self, row: dict[str, Any], status: Status) -> ManifestRow:
        sha256 = row["found"]
        same = status is Status.DUPLICATE
        return ManifestRow(
            uri=row["uri"],
            sha256=sha256,
            document=sha256[:16] if sha256 else None,
            status=status,
            reason=Reason.SAME_FILE if same else Reason(row["reason"]),
            detail=None if same else row["detail"],
            duplicate_of=sha256 if same else None,
            generation=self.generation,
        )


def _renamed(probes: pa.Table) -> pa.Table:
    """The hash that was found, beside the one that a retry expects."""
    return probes.rename_columns(["found" if name == "sha256" else name for name in probes.column_names])


def _pages(chosen: Sequence[tuple[dict[str, Any], Sequence[int]]]) -> pa.Table:
    """A planned row for each page of each input."""
    if not chosen:
        return PLAN_SCHEMA.empty_table()
    numbers = np.concatenate([np.asarray(pages, dtype=np.int32) for _, pages in chosen])
    owner = np.repeat(np.arange(len(chosen)), [len(pages) for _, pages in chosen])
    columns = []
    for column in PLAN_SCHEMA:
        source = "found" if column.name == "sha256" else column.name
        if column.name == "page":
            columns.append(pa.array(numbers))
        else:
            columns.append(pa.array([row[source] for row, _ in chosen], column.type).take(owner))
    return pa.Table.from_arrays(columns, schema=PLAN_SCHEMA)
