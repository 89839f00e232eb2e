"""Deterministic tars: plain WebDataset shards whose bytes depend on their samples alone."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.index import INDEX_SCHEMA

BLOCK = 512
RECORD = 10_240  # tar files end on whole records


@dataclass(frozen=True, kw_only=True)
class SampleFacts:
    """What the index says of a sample beside where it lies."""

    document: str
    words: int
    minhash: Sequence[int]
    phash: int
    tokens: int | None = None


@dataclass
class ShardBuilder:
    """Collects samples and yields the bytes of a tar and of its index. No clock, user or host gets in."""

    _tar: io.BytesIO = field(default_factory=io.BytesIO)
    _rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, key: str, members: Sequence[tuple[str, bytes]], facts: SampleFacts) -> None:
        """Append one sample; `members` are (extension, bytes) in their stored order."""
        entries = [self._append(key, name, data) for name, data in members]
        self._rows.append(
            {
                "key": key,
                "document": facts.document,
                "members": entries,
                "words": facts.words,
                "tokens": facts.tokens,
                "minhash": list(facts.minhash),
                "phash": facts.phash,
            }
        )

    def _append(self, key: str, name: str, data: bytes) -> dict[str, Any]:
        info = tarfile.TarInfo(f"{key}.{name}")
        info.size, info.mode = len(data), 0o644
        self._tar.write(info.tobuf(tarfile.USTAR_FORMAT))
        offset = self._tar.tell()
        self._tar.write(data + b"\0" * (-len(data) % BLOCK))
        return {"name": name, "offset": offset, "size": len(data), "sha256": hashlib.sha256(data).digest()}

    def __len__(self) -> int:
        return len(self._rows)

    def finish(self) -> tuple[bytes, bytes]:
        """(tar bytes, index bytes); the tar of no samples is a valid empty tar."""
        body = self._tar.getvalue() + b"\0" * (2 * BLOCK)
        body += b"\0" * (-len(body) % RECORD)
        return body, parquet_bytes(pa.Table.from_pylist(self._rows, schema=INDEX_SCHEMA))


def parquet_bytes(table: pa.Table, row_group_size: int | None = None) -> bytes:
    """A table as Parquet bytes, the same for the same table and library version."""
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", row_group_size=row_group_size)
    return sink.getvalue()


def read_parquet(data: bytes, schema: pa.Schema, name: str, columns: list[str] | None = None) -> pa.Table:
    """A table that has exactly `schema`, or these columns of it: others are not decoded.

    ValueError naming the file where it has another one.
    """
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        if not file.schema_arrow.remove_metadata().equals(schema):
            raise ValueError(f"{name}: columns {file.schema_arrow.names}, expected {schema.names}")
        # A thread of Arrow's that still holds `data` while the interpreter ends would abort the process.
        return file.read(columns=columns, use_threads=False)
    except (pa.ArrowException, OSError) as error:  # damage inside a column comes as an OSError
        raise ValueError(f"{name}: not a Parquet file ({' '.join(str(error).split())})") from None
