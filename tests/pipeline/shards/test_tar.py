"""Shards: the same bytes for the same samples, readable by anybody, and an index that tells the truth."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
import webdataset
from hypothesis import given
from hypothesis import strategies as st

from pipeline.shards.tar import SampleFacts, ShardBuilder, parquet_bytes, read_parquet
from schemas.index import INDEX_SCHEMA, MINHASH_SIZE

Filled = Callable[[int], ShardBuilder]
FACTS = SampleFacts(document="d" * 16, words=0, minhash=(0,) * MINHASH_SIZE, phash=0)
NAMES = st.sampled_from(["jpg", "json", "png", "tia.npy", "neg0.png"])
SAMPLES = st.lists(
    st.lists(st.tuples(NAMES, st.binary(max_size=1100)), max_size=3, unique_by=lambda m: m[0]), max_size=4
)


def build(samples: list[list[tuple[str, bytes]]]) -> tuple[bytes, bytes]:
    builder = ShardBuilder()
    for i, members in enumerate(samples):
        builder.add(f"{i:016x}-00000", members, FACTS)
    return builder.finish()


@given(SAMPLES)
def test_any_samples_are_read_back_by_the_standard_library_and_by_the_index(
    samples: list[list[tuple[str, bytes]]],
) -> None:
    tar, index = build(samples)
    with tarfile.open(fileobj=io.BytesIO(tar), mode="r:") as archive:
        read = [(info.name, archive.extractfile(info).read()) for info in archive]  # type: ignore[union-attr]
    assert read == [(f"{i:016x}-00000.{name}", data) for i, each in enumerate(samples) for name, data in each]
    rows = read_parquet(index, INDEX_SCHEMA, "index").to_pylist()
    assert [row["key"] for row in rows] == [f"{i:016x}-00000" for i in range(len(samples))]
    for row, members in zip(rows, samples, strict=True):
        assert [member["name"] for member in row["members"]] == [name for name, _ in members]
        for member, (_, data) in zip(row["members"], members, strict=True):
            assert tar[member["offset"] :][: member["size"]] == data
            assert member["sha256"] == hashlib.sha256(data).digest()


@given(SAMPLES)
def test_the_same_samples_are_the_same_bytes(samples: list[list[tuple[str, bytes]]]) -> None:
    assert build(samples) == build(samples)


def test_no_clock_user_or_host_gets_in(filled: Filled) -> None:
    with tarfile.open(fileobj=io.BytesIO(filled(3).finish()[0])) as archive:
        for info in archive:
            assert (info.mtime, info.uid, info.gid, info.uname, info.gname, info.mode) == (0, 0, 0, "", "", 0o644)
            assert info.isreg()


def test_another_process_makes_the_same_bytes(filled: Filled) -> None:
    code = (
        f"import sys, hashlib; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from conftest import fill\n"
        "print([hashlib.sha256(part).hexdigest() for part in fill(4).finish()])"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert there == str([hashlib.sha256(part).hexdigest() for part in filled(4).finish()])


def test_webdataset_reads_a_shard_with_its_own_decoders(filled: Filled, tmp_path: Path) -> None:
    path = tmp_path / "pages-000000.tar"
    path.write_bytes(filled(4).finish()[0])
    read = list(webdataset.WebDataset(str(path), shardshuffle=False).decode("rgb8"))
    assert [sample["__key__"] for sample in read] == [f"0123456789abcdef-{i:05d}" for i in range(4)]
    assert [next(name for name in ("jpg", "png") if name in sample) for sample in read] == ["jpg", "png"] * 2
    for i, sample in enumerate(read):
        assert sample["json"]["number"] == i
        pixels = sample["png" if i % 2 else "jpg"]
        assert pixels.shape == (30, 40, 3)
        assert abs(int(pixels.mean()) - 40 * i) <= 1


def test_the_shard_of_no_samples_is_a_valid_tar() -> None:
    tar, index = ShardBuilder().finish()
    assert len(tar) == 10_240
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        assert archive.getnames() == []
    assert read_parquet(index, INDEX_SCHEMA, "index").num_rows == 0


def test_a_tar_ends_on_a_whole_record(filled: Filled) -> None:
    for samples in range(6):
        tar, _ = filled(samples).finish()
        assert len(tar) % 10_240 == 0
        assert tar.endswith(b"\0" * 1024)


def test_an_index_keeps_what_is_known_of_a_sample(filled: Filled) -> None:
    table = read_parquet(filled(3).finish()[1], INDEX_SCHEMA, "index")
    assert table["phash"].to_pylist() == [2**64 - 1, 2**64 - 2, 2**64 - 3]
    assert table["words"].to_pylist() == [0, 1, 2]
    assert table["tokens"].to_pylist() == [None] * 3
    assert {len(row) for row in table["minhash"].to_pylist()} == {MINHASH_SIZE}


def test_a_builder_knows_how_much_it_holds(filled: Filled) -> None:
    assert [len(filled(n)) for n in range(3)] == [0, 1, 2]


def test_parquet_is_read_as_it_was_written() -> None:
    schema = pa.schema([pa.field("a", pa.int32(), nullable=False)])
    table = pa.table({"a": [1, 2, 3]}, schema=schema)
    assert parquet_bytes(table) == parquet_bytes(table)
    assert read_parquet(parquet_bytes(table, row_group_size=2), schema, "x").equals(table)


@pytest.mark.parametrize(
    "other",
    [
        pa.schema([pa.field("a", pa.int64(), nullable=False)]),
        pa.schema([pa.field("a", pa.int32())]),
        pa.schema([pa.field("b", pa.int32(), nullable=False)]),
        pa.schema([]),
    ],
)
def test_other_columns_are_refused_by_name(other: pa.Schema) -> None:
    table = pa.table({"a": [1]}, schema=pa.schema([pa.field("a", pa.int32(), nullable=False)]))
    with pytest.raises(ValueError, match=r"part-0\.parquet: columns \['a'\], expected"):
        read_parquet(parquet_bytes(table), other, "part-0.parquet")


def test_damage_anywhere_is_a_value_error_that_names_the_file(filled: Filled) -> None:
    good = filled(3).finish()[1]
    refused = 0
    for place in range(0, len(good), 13):
        flipped = bytearray(good)
        flipped[place] ^= 0x55
        messages = [refusal(damaged) for damaged in (good[:place], bytes(flipped))]
        assert messages[0] is not None, "a part of a file is never a file"
        refused += len([message for message in messages if message is not None])
        for message in filter(None, messages):
            assert message.startswith("pages-000000.parquet: ")
            assert "\n" not in message
    assert refused > 1.5 * len(good) / 13


def refusal(data: bytes) -> str | None:
    try:
        read_parquet(data, INDEX_SCHEMA, "pages-000000.parquet")
    except ValueError as error:
        return str(error)
    return None


def test_a_process_may_end_right_after_it_read_an_index(filled: Filled, tmp_path: Path) -> None:
    """Arrow's threads once let go of the bytes when the interpreter was gone: abort, eight times of ten."""
    (tmp_path / "a.parquet").write_bytes(filled(40).finish()[1])
    program = (
        "import sys; from pipeline.shards.tar import read_parquet; from schemas.index import INDEX_SCHEMA\n"
        "table = read_parquet(open(sys.argv[1], 'rb').read(), INDEX_SCHEMA, 'index')"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "a.parquet")]
    assert [subprocess.run(command, capture_output=True, check=False).returncode for _ in range(6)] == [0] * 6
