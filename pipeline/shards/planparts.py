"""A plan in parts: one row group a unit, some hundred units a file, so that no worker reads more than its own part."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.shards.tar import parquet_bytes
from schemas.dataset import FileRef

UNITS_PER_PART = 256


def part_name(number: int) -> str:
    """Name of a part inside the generation."""
    return f"plan/part-{number:06d}.parquet"


def is_part(name: str) -> bool:
    """Whether a file of a plan is one of its parts."""
    return name.startswith("plan/part-")


def write_parts(
    put: Callable[[str, bytes], FileRef], tables: Iterable[pa.Table], unit_rows: int
) -> tuple[list[FileRef], int]:
    """Write the rows of `tables`, which are taken as they come; (files, number of rows)."""
    files: list[FileRef] = []
    rows = 0
    for table in _regrouped(tables, unit_rows * UNITS_PER_PART):
        files.append(put(part_name(len(files)), parquet_bytes(table, row_group_size=unit_rows)))
        rows += table.num_rows
    return files, rows


class PlanReader:
    """Rows of units of a plan whose parts `read(name)` gives, and whose columns are `schema`.

    The part that was asked for last is held: it has hundreds of units, and whoever does one does others of it.
    """

    def __init__(self, read: Callable[[str], bytes], schema: pa.Schema) -> None:
        self._read = read
        self._schema = schema
        self._part: tuple[str, pq.ParquetFile] | None = None

    def unit(self, number: int) -> pa.Table:
        """Rows of unit `number`; ValueError where its part does not have it or has other columns."""
        name = part_name(number // UNITS_PER_PART)
        try:
            table = self._opened(name).read_row_group(number % UNITS_PER_PART, use_threads=False)
        except (pa.ArrowException, IndexError, OSError) as error:
            if isinstance(error, FileNotFoundError):
                raise
            raise ValueError(f"{name}: has no unit {number} ({' '.join(str(error).split())})") from None
        if not table.schema.remove_metadata().equals(self._schema):
            raise ValueError(f"{name}: columns {table.schema.names}, expected {self._schema.names}")
        return table

    def _opened(self, name: str) -> pq.ParquetFile:
        if self._part is None or self._part[0] != name:
            self._part = name, pq.ParquetFile(io.BytesIO(self._read(name)))
        return self._part[1]


def _regrouped(tables: Iterable[pa.Table], size: int) -> Iterator[pa.Table]:
    """The same rows in tables of `size` rows, the last one shorter."""
    held: list[pa.Table] = []
    rows = 0
    for table in tables:
        held.append(table)
        rows += table.num_rows
        while rows >= size:
            joined = pa.concat_tables(held)
            yield joined.slice(0, size).combine_chunks()
            held, rows = [joined.slice(size)], rows - size
    if rows:
        yield pa.concat_tables(held).combine_chunks()
