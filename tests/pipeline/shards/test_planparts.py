"""A plan in parts: the rows of a unit, whatever tables they came in and however many there are."""

from __future__ import annotations

import io
import random
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.shards import planparts
from pipeline.shards.generation import GenerationFiles
from pipeline.shards.planparts import PlanReader, part_name, write_parts
from schemas.dataset import FileRef

SCHEMA = pa.schema([pa.field("uri", pa.string(), nullable=False), pa.field("page", pa.int32())])
FEW = 3  # units of a part, in place of some hundred


def rows(count: int) -> pa.Table:
    return pa.Table.from_pylist([{"uri": f"/{i // 3}.pdf", "page": i if i % 5 else None} for i in range(count)], SCHEMA)


def write(tables: Sequence[pa.Table], unit_rows: int) -> tuple[dict[str, bytes], list[FileRef], int]:
    """Names and bytes of the parts, what names them, and the number of rows."""
    written: dict[str, bytes] = {}

    def put(name: str, data: bytes) -> FileRef:
        written[name] = data
        return GenerationFiles.ref(name, data)

    return written, *write_parts(put, iter(tables), unit_rows)


def cut(table: pa.Table, places: set[int]) -> list[pa.Table]:
    """The table in pieces, some of them of no rows, some of several chunks."""
    ends = [*sorted(place for place in places if place < table.num_rows), table.num_rows]
    pieces = [table.slice(start, end - start) for start, end in zip([0, *ends], ends, strict=False)]
    return [table.slice(0, 0), *pieces, table.slice(0, 0)]


@pytest.fixture(autouse=True, scope="module")
def _few_units() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planparts, "UNITS_PER_PART", FEW)
        yield


@settings(max_examples=40)
@given(st.integers(0, 60), st.integers(1, 9), st.sets(st.integers(1, 59), max_size=8))
def test_any_cut_of_the_tables_gives_the_same_bytes(count: int, unit_rows: int, places: set[int]) -> None:
    whole = write([rows(count)], unit_rows)
    assert write(cut(rows(count), places), unit_rows) == whole
    assert write([pa.concat_tables(cut(rows(count), places))], unit_rows) == whole
    written, refs, total = whole
    assert total == count
    assert [(ref.name, ref.size) for ref in refs] == [(name, len(data)) for name, data in written.items()]
    assert list(written) == [part_name(i) for i in range(-(-count // (unit_rows * FEW)))]


@settings(max_examples=40)
@given(st.integers(1, 60), st.integers(1, 9), st.randoms())
def test_a_unit_is_its_slice_of_the_rows_whatever_its_size(count: int, unit_rows: int, draw: random.Random) -> None:
    written, _, _ = write(cut(rows(count), {7, 8, 30}), unit_rows)
    units = -(-count // unit_rows)
    reader = PlanReader(written.__getitem__, SCHEMA)
    for unit in [*range(units), *draw.choices(range(units), k=9)]:
        table = reader.unit(unit)
        assert table.equals(rows(count).slice(unit * unit_rows, unit_rows))
    groups = [pq.ParquetFile(io.BytesIO(data)).metadata for data in written.values()]
    sizes = [meta.row_group(i).num_rows for meta in groups for i in range(meta.num_row_groups)]
    assert sizes == [unit_rows] * (units - 1) + [count - (units - 1) * unit_rows]


def test_no_more_than_one_part_is_held() -> None:
    """Rows are written as they come, not when the last table was seen."""
    written: list[str] = []
    seen: list[int] = []

    def tables() -> object:
        for _ in range(4):
            seen.append(len(written))
            yield rows(FEW * 2)

    def put(name: str, data: bytes) -> FileRef:
        written.append(name)
        return GenerationFiles.ref(name, data)

    write_parts(put, tables(), 2)  # type: ignore[arg-type]
    assert seen == [0, 1, 2, 3]


def test_a_part_is_read_once_for_units_one_after_another() -> None:
    written, _, _ = write([rows(16)], 2)
    asked: list[str] = []

    def read(name: str) -> bytes:
        asked.append(name)
        return written[name]

    reader = PlanReader(read, SCHEMA)
    for unit in range(8):
        reader.unit(unit)
    assert asked == [part_name(i) for i in range(3)]


def test_a_unit_beyond_the_end_is_refused_by_name() -> None:
    written, _, _ = write([rows(8)], 2)  # parts of three units and of one
    with pytest.raises(ValueError, match=r"^plan/part-000001\.parquet: has no unit 4 \("):
        PlanReader(written.__getitem__, SCHEMA).unit(4)
    full, _, _ = write([rows(6)], 2)
    assert len(full) == 1

    def absent(name: str) -> bytes:
        raise FileNotFoundError(name)

    with pytest.raises(FileNotFoundError, match="part-000001"):
        PlanReader(absent, SCHEMA).unit(3)


@pytest.mark.parametrize("data", [b"", b"PAR1", b"not a file of rows at all"])
def test_what_is_no_plan_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"^plan/part-000000\.parquet: has no unit 0 \([^\n]*$"):
        PlanReader(lambda _: data, SCHEMA).unit(0)


def test_other_columns_are_refused_by_name() -> None:
    written, _, _ = write([rows(4)], 2)
    with pytest.raises(ValueError, match=r"part-000000\.parquet: columns \['uri', 'page'\], expected \['uri'\]"):
        PlanReader(written.__getitem__, pa.schema([SCHEMA.field("uri")])).unit(0)
