"""Faults of tars and indexes: in the bytes, and in datasets whose hashes are right."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable
from typing import Any

import pytest

from jobs.inspect.lint import lint

SHARD = "gen-0000/pages-000000"
BLOCK = 512
Rows = list[dict[str, Any]]


def codes(url: str) -> set[str]:
    return {finding.code for finding in lint(url)}


def _flip(at: int) -> Callable[[bytes], bytes]:
    return lambda data: data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def test_a_byte_of_a_picture_flipped(pages: Any) -> None:
    pages.edit_bytes(f"{SHARD}.tar", _flip(900))
    found = lint(pages.url)
    assert {finding.code for finding in found} == {"file-sha256", "index-sha256"}
    assert any(finding.where.endswith(".jpg") for finding in found)


def test_a_tar_cut_at_any_block_is_found(pages: Any) -> None:
    whole = pages.path(f"{SHARD}.tar").read_bytes()
    for size in range(0, len(whole), BLOCK):
        pages.path(f"{SHARD}.tar").write_bytes(whole[:size])
        assert "file-size" in codes(pages.url), size


def test_a_tar_cut_at_any_block_is_found_even_where_the_marker_says_so(pages: Any) -> None:
    """Each cut, also one at the end of a member, which readers of tars take for the end."""
    whole = pages.path(f"{SHARD}.tar").read_bytes()
    for size in range(0, len(whole), 4 * BLOCK):
        pages.edit_tar(SHARD, lambda old, size=size: whole[:size])
        assert codes(pages.url) & {"tar-end", "tar-read", "tar-order"}, size


def _tar(
    data: bytes, change: Callable[[tarfile.TarInfo], Any], number: int = 0, layout: int = tarfile.USTAR_FORMAT
) -> bytes:
    """The tar written again by the standard library with one member's header changed."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(data)) as old, tarfile.open(fileobj=sink, mode="w", format=layout) as new:
        for i, member in enumerate(old.getmembers()):
            file = old.extractfile(member)
            if i == number:
                change(member)
            new.addfile(member, file)
    return sink.getvalue()


def _set(**values: Any) -> Callable[[tarfile.TarInfo], None]:
    def change(member: tarfile.TarInfo) -> None:
        for name, value in values.items():
            setattr(member, name, value)

    return change


@pytest.mark.parametrize(
    "values",
    [
        {"mtime": 1},
        {"mode": 0o755},
        {"uid": 1000},
        {"gid": 1000},
        {"uname": "somebody"},
        {"gname": "users"},
        {"type": tarfile.CONTTYPE},
        {"linkname": "there"},
    ],
)
def test_other_metadata_of_a_member(pages: Any, values: dict[str, Any]) -> None:
    pages.edit_tar(SHARD, lambda data: _tar(data, _set(**values)))
    assert "tar-member" in codes(pages.url)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
def test_a_member_that_is_no_file(pages: Any, kind: bytes) -> None:
    pages.edit_tar(SHARD, lambda data: _tar(data, _set(type=kind, linkname="/etc/passwd", size=0)))
    assert {"tar-member", "index-sha256"} <= codes(pages.url)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/tmp/x.jpg", "x.jpg", "a" * 99])
def test_a_member_with_another_name(pages: Any, name: str) -> None:
    pages.edit_tar(SHARD, lambda data: _tar(data, _set(name=name)))
    assert codes(pages.url) == {"tar-order"}


@pytest.mark.parametrize("layout", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_a_member_with_an_extended_header(pages: Any, layout: int) -> None:
    pages.edit_tar(SHARD, lambda data: _tar(data, _set(name="x" * 150), layout=layout))
    assert "tar-member" in codes(pages.url)


def test_members_swapped(pages: Any) -> None:
    def swap(data: bytes) -> bytes:
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            second = tar.getmembers()[1]
        middle, end = second.offset, second.offset_data + second.size + -second.size % BLOCK
        return data[middle:end] + data[:middle] + data[end:]

    pages.edit_tar(SHARD, swap)
    assert codes(pages.url) == {"tar-order"}


def test_a_member_too_many(pages: Any) -> None:
    def add(data: bytes) -> bytes:
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            last = tar.getmembers()[-1]
        end = last.offset_data + last.size + -last.size % BLOCK
        extra = tarfile.TarInfo("stray.txt")
        body = data[:end] + extra.tobuf(tarfile.USTAR_FORMAT) + bytes(2 * BLOCK)
        return body + bytes(-len(body) % 10_240)

    pages.edit_tar(SHARD, add)
    assert codes(pages.url) == {"tar-order"}


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[:-BLOCK],
        lambda data: data + bytes(BLOCK),
        lambda data: data[:-1] + b"x",
        lambda data: data + data,
    ],
    ids=["short", "long", "not zero", "twice"],
)
def test_another_end_of_the_tar(pages: Any, change: Callable[[bytes], bytes]) -> None:
    pages.edit_tar(SHARD, change)
    assert codes(pages.url) == {"tar-end"}


@pytest.mark.parametrize(
    "data", [b"", b"x", b"PK\x03\x04" + bytes(600), gzip.compress(bytes(10_240), mtime=0), b"\xff" * 10_240]
)
def test_a_tar_that_is_none(pages: Any, data: bytes) -> None:
    pages.edit_tar(SHARD, lambda old: data)
    assert {"tar-read", "tar-order"} & codes(pages.url)


def test_a_compressed_tar_is_not_unpacked(pages: Any) -> None:
    pages.edit_tar(SHARD, gzip.compress)
    assert {"tar-read"} <= codes(pages.url)


def test_a_member_that_says_it_is_huge(pages: Any) -> None:
    pages.edit_tar(SHARD, _huge)
    assert {"tar-read", "tar-order"} <= codes(pages.url)


def _huge(data: bytes) -> bytes:
    info = tarfile.TarInfo.frombuf(data[:BLOCK], "utf-8", "strict")
    info.size = 1 << 40
    return info.tobuf(tarfile.GNU_FORMAT) + data[BLOCK:]


def _member(number: int = 0, **change: Any) -> Callable[[Rows], Any]:
    return lambda rows: rows[1]["members"][number].update(change)


def _swap(rows: Rows) -> None:
    rows[0], rows[1] = rows[1], rows[0]


INDEX_FAULTS: dict[str, tuple[Callable[[Rows], Any], set[str]]] = {
    "wrong offset": (_member(offset=512), {"index-position"}),
    "offset of a header": (lambda r: r[0]["members"][1].update(offset=0), {"index-position"}),
    "wrong size": (_member(size=3), {"index-position"}),
    "negative size": (_member(size=-1), {"index-position"}),
    "wrong sha256": (_member(sha256=bytes(32)), {"index-sha256"}),
    "wrong name": (_member(name="png"), {"tar-order"}),
    "a member left out": (lambda r: r[1]["members"].pop(), {"tar-order", "index-members"}),
    "no members": (lambda r: r[2].update(members=[]), {"tar-order", "index-members"}),
    "a row left out": (lambda r: r.pop(), {"index-rows", "tar-order"}),
    "a row twice": (lambda r: r.append(r[0]), {"index-rows", "tar-order"}),
    "rows swapped": (_swap, {"index-rows", "tar-order"}),
    "another key": (lambda r: r[0].update(key="0" * 16 + "-00000"), {"index-rows", "tar-order"}),
    "another document": (lambda r: r[0].update(document="0" * 16), {"index-rows", "page-match"}),
    "other words": (lambda r: r[0].update(words=1), {"index-rows", "page-words"}),
    "tokens of a page": (lambda r: r[0].update(tokens=3), {"index-rows"}),
    "another signature": (lambda r: r[0].update(minhash=[1] * 64), {"index-minhash"}),
}


@pytest.mark.parametrize("name", INDEX_FAULTS)
def test_faults_of_an_index(pages: Any, name: str) -> None:
    fault, expected = INDEX_FAULTS[name]
    pages.edit_index(SHARD, fault)
    assert codes(pages.url) == expected


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" + bytes(100) + b"PAR1"])
def test_an_index_that_is_none(pages: Any, data: bytes) -> None:
    pages.edit_bytes(f"{SHARD}.parquet", lambda old: data)
    pages.seal()
    assert codes(pages.url) == {"index-file"}


def test_shards_swapped(pages: Any) -> None:
    one, two = pages.path(f"{SHARD}.tar"), pages.path("gen-0000/pages-000001.tar")
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)
    assert {"file-sha256", "tar-order"} <= codes(pages.url)
    pages.seal()
    assert codes(pages.url) == {"tar-order"}


def test_extra_members_of_a_sample(pages: Any) -> None:
    key = pages.keys(SHARD)[1]
    pages.edit_sample(SHARD, key, lambda members, row: members.update(pkl=b"cos\nsystem\n(S'touch x'\ntR."))
    assert codes(pages.url) == {"index-members"}


def test_members_of_a_sample_in_another_order(pages: Any) -> None:
    key = pages.keys(SHARD)[1]

    def turn(members: dict[str, bytes], row: dict[str, Any]) -> None:
        members["jpg"] = members.pop("jpg")

    pages.edit_sample(SHARD, key, turn)
    assert codes(pages.url) == {"index-members"}
