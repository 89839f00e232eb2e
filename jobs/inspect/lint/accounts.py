"""Sums that no single unit can check: keys, duplicates and partners over the whole dataset.

Columns are kept as Arrow arrays: tens of bytes for a page, not hundreds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.inspect.lint.findings import Findings
from schemas.manifest import ManifestRow, Status


@dataclass
class Accounts:
    """Collects columns of the manifest, part by part."""

    _ok: list[Any] = field(default_factory=list)  # keys of ok rows
    _keys: list[Any] = field(default_factory=list)  # keys of all rows
    _held: list[Any] = field(default_factory=list)  # hashes of files that count
    _uris: list[Any] = field(default_factory=list)  # of all rows, each once a part
    _copies: list[tuple[str, str]] = field(default_factory=list)  # (uri, hash of the file that counts)
    whole: bool = True  # False where a part could not be read: then what is not here may still be there

    def add(self, rows: Iterable[ManifestRow]) -> None:
        """Take the rows of one manifest part."""
        listed = list(rows)
        self._ok.append(_strings(row.key for row in listed if row.status is Status.OK))
        self._keys.append(_strings(row.key for row in listed))
        self._uris.append(_strings(sorted({row.uri for row in listed})))
        held = {row.sha256 for row in listed if row.status is not Status.DUPLICATE}
        self._held.append(_strings(sorted(sha256 for sha256 in held if sha256)))
        self._copies += [(row.uri, row.duplicate_of) for row in listed if row.duplicate_of]

    def check(self, findings: Findings) -> None:
        """Keys of ok rows are unique; duplicates point to a file that is there."""
        counts = pc.value_counts(pa.chunked_array(self._ok, pa.string()))
        twice = counts.filter(pc.greater(pc.struct_field(counts, "counts"), 1))
        for entry in twice.to_pylist():
            findings.add("manifest-key", entry["values"], f"{entry['counts']} ok rows have this key")
        if not self.whole:
            return
        known = pc.is_in(_strings(sha256 for _, sha256 in self._copies), value_set=_joined(self._held))
        for (uri, sha256), there in zip(self._copies, known.to_pylist(), strict=True):
            findings.expect(there, "manifest-duplicate", uri, f"duplicate of {sha256}, which no other row has")

    def without_row(self, uris: pa.Array) -> list[str]:
        """Those of `uris` that no row is of so far; none where a part could not be read."""
        if not self.whole:
            return []
        there = pc.is_in(uris, value_set=_joined(self._uris))
        return [str(uri) for uri in uris.filter(pc.invert(there)).to_pylist()]

    def unknown(self, keys: Iterable[str]) -> list[str]:
        """Those of `keys` that no row of the manifest has; none where it could not be read whole."""
        if not self.whole:
            return []
        wanted = _strings(keys)
        there = pc.is_in(wanted, value_set=_joined(self._keys))
        return [str(key) for key in wanted.filter(pc.invert(there)).to_pylist()]


def _strings(values: Iterable[str | None]) -> Any:
    return pa.array([value for value in values if value is not None], pa.string())


def _joined(arrays: list[Any]) -> Any:
    return pa.concat_arrays(arrays) if arrays else _strings(())
