"""What is wrong with a dataset is refused, naming the file; never fewer samples in silence."""

from __future__ import annotations

import io
import json
import pickle
import shutil
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.bench import Bench

from pipeline.shards.tar import BLOCK
from pipeline.stream import TrainReader

SHARD = "gen-0000/train-000002"


@pytest.fixture(scope="module")
def bench(train_url: str, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A copy of the dataset in which faults are planted; markers and digests agree with them."""
    return Bench(Path(shutil.copytree(train_url, tmp_path_factory.mktemp("damage") / "train")), 4)


@pytest.fixture(autouse=True)
def mended(bench: Bench) -> Iterator[None]:
    """The dataset as it was, after each test."""
    before = {path: path.read_bytes() for path in bench.folder.rglob("*") if path.is_file()}
    yield
    for path, data in before.items():
        path.write_bytes(data)


def _read_all(bench: Bench) -> int:
    reader = TrainReader(bench.url)
    places = [(shard, row) for shard, count in enumerate(reader.samples) for row in range(count)]
    return sum(1 for place in places for epoch in range(reader.variants) if reader.example(*place, epoch))


def test_the_copy_is_whole(bench: Bench) -> None:
    assert _read_all(bench) == 90


def test_a_shard_cut_at_any_block_is_an_error(bench: Bench) -> None:
    """Every 512 bytes, and beside them: at member boundaries a tar reader would see a whole archive."""
    path = bench.path(f"{SHARD}.tar")
    whole = path.read_bytes()
    cuts = range(0, len(whole), BLOCK)
    opened = pickle.dumps(TrainReader(bench.url))  # as it goes to a loader process, with nothing read yet
    for cut in sorted({*cuts, *(cut + 1 for cut in cuts), len(whole) - 1}):
        path.write_bytes(whole[:cut])
        reader = pickle.loads(opened)
        with pytest.raises(ValueError, match=r"gen-0000/train-000002\.tar: \d+ bytes, its unit has"):
            reader.example(2, 0, 0)
    path.write_bytes(whole + bytes(BLOCK))
    with pytest.raises(ValueError, match="its unit has"):
        TrainReader(bench.url).example(2, 0, 0)


def test_a_cut_shard_whose_marker_was_made_to_agree_is_an_error(bench: Bench) -> None:
    whole = bench.path(f"{SHARD}.tar").read_bytes()
    for cut in range(0, len(whole), 10 * BLOCK):
        bench.edit_tar(SHARD, lambda _, cut=cut: whole[:cut])
        with pytest.raises(ValueError, match=rf"train-000002\.parquet: names members of a tar of {len(whole)} bytes"):
            TrainReader(bench.url).example(2, 0, 0)


def _header(tar: bytes, edit: Callable[[tarfile.TarInfo], Any]) -> bytes:
    """The tar with another header before its first member."""
    info = tarfile.TarInfo.frombuf(tar[:BLOCK], "ascii", "strict")
    edit(info)
    return info.tobuf(tarfile.USTAR_FORMAT) + tar[BLOCK:]


@pytest.mark.parametrize(
    "change",
    [
        {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"},
        {"type": tarfile.LNKTYPE, "linkname": "other"},
        {"type": tarfile.CHRTYPE},
        {"type": tarfile.DIRTYPE},
        {"name": "../../escape.png"},
        {"name": "/abs.png"},
        {"size": 10_000_000_000 % 8**11},
        {"size": 3},
    ],
    ids=str,
)
def test_a_member_that_is_not_the_indexed_file_is_refused(bench: Bench, change: dict[str, Any]) -> None:
    """Links, devices, names that lead out, other sizes: with markers and digests that agree."""
    bench.edit_tar(SHARD, lambda tar: _header(tar, lambda info: [setattr(info, *item) for item in change.items()]))
    with pytest.raises(ValueError, match=r"gen-0000/train-000002\.tar: .*\.png: the member there is"):
        TrainReader(bench.url).example(2, 0, 0)


def _added(tar: bytes, info: tarfile.TarInfo, data: bytes) -> bytes:
    """The tar with one more member at its end."""
    sink = io.BytesIO(tar)
    with tarfile.open(fileobj=sink, mode="a:", format=tarfile.USTAR_FORMAT) as file:
        file.addfile(info, io.BytesIO(data))
    return sink.getvalue()


@pytest.mark.parametrize(("size", "text"), [(20_000, r"parquet: names members of"), (3, r"tar: other bytes")])
def test_a_member_that_the_index_does_not_name_is_refused(bench: Bench, size: int, text: str) -> None:
    """Be it so small that the tar's last record holds it."""
    whole = bench.path(f"{SHARD}.tar").read_bytes()
    info = tarfile.TarInfo("0123456789abcdef-00000.pkl")
    info.size = size
    bench.edit_tar(SHARD, lambda tar: _added(tar, info, bytes(size)))
    assert (len(bench.path(f"{SHARD}.tar").read_bytes()) == len(whole)) == (size == 3)
    with pytest.raises(ValueError, match=rf"gen-0000/train-000002\.{text}"):
        TrainReader(bench.url).example(2, 0, 0)


@pytest.mark.parametrize("name", ["pkl", "pyd", "pth", "../json", "neg0.png/../../x", "jpg"])
def test_a_member_of_another_kind_is_refused_where_the_index_names_it(bench: Bench, name: str) -> None:
    def add(members: dict[str, bytes], _: dict[str, Any]) -> None:
        members[name] = b"cos\nsystem\n(S'touch /tmp/never'\ntR."

    bench.edit_sample(SHARD, bench.keys(SHARD)[1], add)
    with pytest.raises(ValueError, match=r"train-000002\.parquet: names a member '.*', which no training shard has"):
        TrainReader(bench.url).example(2, 0, 0)


Rows = list[dict[str, Any]]


def _set(member: int, **values: Any) -> Callable[[Rows], None]:
    return lambda rows: rows[1]["members"][member].update(values)


@pytest.mark.parametrize(
    ("edit", "text"),
    [
        (_set(0, size=10_000_000_000), "a member of 10000000000 bytes is refused"),
        (_set(0, size=-1), "a member of -1 bytes is refused"),
        (_set(1, offset=512), "do not lie one behind the other"),
        (_set(1, offset=-5), "do not lie one behind the other"),
        (lambda rows: rows.pop(), "3 samples, its unit has 4"),
        (lambda rows: rows.reverse(), "do not lie one behind the other"),
        (lambda rows: rows[0].update(key="../../etc"), "'../../etc' is no key of a sample"),
        (lambda rows: rows[0].update(members=rows[0]["members"][1:]), "do not lie one behind the other"),
    ],
)
def test_an_index_that_disagrees_is_refused(bench: Bench, edit: Callable[[Rows], Any], text: str) -> None:
    bench.edit_index(SHARD, edit)
    with pytest.raises(ValueError, match=rf"gen-0000/train-000002\.parquet: .*{text}"):
        _read_all(bench)


def test_an_index_that_was_edited_alone_is_refused(bench: Bench) -> None:
    bench.edit_bytes(f"{SHARD}.parquet", lambda data: data[:-1] + b"x")
    with pytest.raises(ValueError, match="train-000002.parquet: not the index that its unit wrote"):
        _read_all(bench)


def test_hashes_that_were_swapped_in_the_index_are_seen(bench: Bench) -> None:
    bench.edit_index(SHARD, _set(1, sha256=bytes(32)))
    with pytest.raises(ValueError, match=rf"{SHARD}\.tar: .*\.json: its bytes are not those of the index"):
        _read_all(bench)


@pytest.mark.parametrize("file", ["tar", "parquet"])
def test_a_missing_file_is_an_error_that_names_it(bench: Bench, file: str) -> None:
    bench.path(f"{SHARD}.{file}").unlink()
    with pytest.raises(FileNotFoundError, match=f"train-000002.{file}"):
        _read_all(bench)


def test_a_marker_that_was_edited_or_is_missing_is_refused(bench: Bench) -> None:
    bench.edit_json("gen-0000/units/000001.json", lambda marker: marker["counts"].update(ok=3))
    bench.edit_json("gen-0000/units/000002.json", lambda marker: marker["files"][0].update(size=512))
    with pytest.raises(ValueError, match="gen-0000/units: the markers are not those of digest"):
        TrainReader(bench.url)
    bench.path("gen-0000/units/000001.json").unlink()
    with pytest.raises(ValueError, match="gen-0000/units: the markers are not those of digest"):
        TrainReader(bench.url)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"key": "0123456789abcdef-00009"}, "is the record of 0123456789abcdef-00009"),
        ({"schema": "pagemill.page/1"}, "schema is 'pagemill.page/1'"),
        ({"tim": []}, "tim: no variant"),
        ({"lines": [[0, 0, 10, 1001]]}, "lines: a box outside"),
        ({"lines": []}, "tokens.line: a token names line"),
        ({"tokens": {"id": [1.5], "box": [[0, 0, 1, 1]], "word": [0], "line": [0]}}, "tokens.id: not a list of"),
        ({"tokens": {"id": [True], "box": [[0, 0, 1, 1]], "word": [0], "line": [0]}}, "tokens.id: not a list of"),
        ({"tokens": {"id": ["1"], "box": [[0, 0, 1, 1]], "word": [0], "line": [0]}}, "tokens.id: not a list of"),
        ({"tokens": {"id": [-1], "box": [[0, 0, 1, 1]], "word": [0], "line": [0]}}, "tokens.id: not a list of"),
        ({"tokens": {"id": [1], "box": [[0, 0, 1]], "word": [0], "line": [0]}}, "tokens.box: not a list of boxes"),
        ({"tokens": {"id": [1], "box": [[5, 0, 1, 1]], "word": [0], "line": [0]}}, "tokens.box: a box"),
        ({"tokens": {"id": [1], "box": [], "word": [0], "line": [0]}}, "tokens: lists of different lengths"),
        ({"tokens": None}, "not the record of a sample"),
        ({"tim": [{"action": "other"}] * 3}, "action"),
    ],
    ids=lambda value: json.dumps(value)[:40],
)
def test_a_record_that_is_none_is_named(bench: Bench, change: dict[str, Any], text: str) -> None:
    """Well hashed, and wrong: what a program with a fault would write."""
    key = bench.keys(SHARD)[0]
    bench.edit_record(SHARD, key, lambda record: record.update(change))
    with pytest.raises(ValueError, match=rf"gen-0000/train-000002\.tar: {key}: .*{text}"):
        TrainReader(bench.url).example(2, 0, 0)


def test_members_that_lack_or_are_damaged_are_named(bench: Bench) -> None:
    key = bench.keys(SHARD)[0]
    bench.edit_sample(SHARD, key, lambda members, _: members.pop("tia.npy"))
    with pytest.raises(ValueError, match=rf"train-000002\.tar: {key} has members png, json"):
        TrainReader(bench.url).example(2, 0, 0)


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\xff" * 20])
def test_a_picture_that_is_none_is_named(bench: Bench, data: bytes) -> None:
    key = bench.keys(SHARD)[0]

    def edit(members: dict[str, bytes], _: dict[str, Any]) -> None:
        members.update({name: data for name in members if name.endswith("png")})

    bench.edit_sample(SHARD, key, edit)
    reader = TrainReader(bench.url)
    shown = next(epoch for epoch in range(3) if _shows(bench, key, epoch))
    with pytest.raises(ValueError, match=rf"train-000002\.tar: {key}\.(neg\d\.)?png: .*(PNG|pixels)"):
        reader.example(2, 0, shown)


def _shows(bench: Bench, key: str, variant: int) -> bool:
    reader = TrainReader(bench.url)
    entry = reader.dataset.index(reader.shards[2].ref).to_pylist()[bench.keys(SHARD).index(key)]
    record = json.loads(reader.dataset.sample(reader.shards[2].ref, entry)["json"])
    return record["tim"][variant]["action"] != "dropped"


def test_covers_of_another_shape_are_named(bench: Bench) -> None:
    key = bench.keys(SHARD)[0]
    sink = io.BytesIO()
    np.save(sink, np.zeros((3, 1), dtype=np.uint8))
    bench.edit_sample(SHARD, key, lambda members, _: members.update({"tia.npy": sink.getvalue()}))
    with pytest.raises(ValueError, match=rf"{key}: .*covers have the shape \(3, 1\)"):
        TrainReader(bench.url).example(2, 0, 0)
