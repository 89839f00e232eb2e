"""Tar headers: what Python's library writes is read exactly, and no bytes lead outside the tar or into a loop."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline.sources.headers import BLOCK, Member, TarDamageError, is_tar, read_members

FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]
PART = st.text(st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1, max_size=120)
NAMES = st.lists(PART, min_size=1, max_size=4).map("/".join)
MEMBERS = st.lists(st.tuples(NAMES, st.binary(max_size=1200)), max_size=5)
MakeTar = Callable[..., bytes]


def members_of(data: bytes) -> tuple[list[Member], str | None]:
    """What is read, and the damage that ended it."""
    found: list[Member] = []
    try:
        for member in read_members(lambda offset, size: data[offset : offset + size], len(data)):
            found.append(member)
    except TarDamageError as error:
        return found, str(error)
    return found, None


def by_library(data: bytes) -> list[Member]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return [Member(info.name, info.offset_data, info.size) for info in archive if info.isreg()]


@given(MEMBERS, st.sampled_from(FORMATS))
def test_any_tar_that_the_library_writes_is_read_as_the_library_reads_it(
    tar_of_members: MakeTar, members: list[tuple[str, bytes]], form: int
) -> None:
    try:
        data = tar_of_members(members, form)
    except ValueError:  # a name too long for ustar
        assume(False)
    found, damage = members_of(data)
    assert (found, damage) == (by_library(data), None)
    assert [data[one.offset : one.offset + one.size] for one in found] == [body for _, body in members]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "name",
    ["a.pdf", "d/" * 60 + "a.pdf", "x" * 95 + ".pdf", "\u00e4\u6587.pdf", "../../etc/a.pdf", "/abs.pdf", "l\nb.pdf"],
)
def test_long_and_odd_names(tar_of_members: MakeTar, name: str, form: int) -> None:
    found, damage = members_of(tar_of_members([(name, b"x")], form))
    assert ([one.name for one in found], damage) == ([name], None)


def test_names_that_are_not_unicode(tar_of_members: MakeTar) -> None:
    for form in FORMATS:
        found, _ = members_of(
            tar_of_members([("\udcff" * 120 + "/a.pdf" if form != FORMATS[0] else "\udcff.pdf", b"")], form)
        )
        assert found[0].name.startswith("\udcff")


@given(st.binary(max_size=4096))
def test_any_bytes_are_a_tar_or_damage(data: bytes) -> None:
    found, _ = members_of(data)
    assert all(0 <= one.offset <= one.offset + one.size <= len(data) for one in found)


def with_checksums(data: bytes) -> bytes:
    """Every block's checksum field as if it were a header: hostile tars have right checksums."""
    out = bytearray(data)
    for place in range(0, len(out) - BLOCK + 1, BLOCK):
        if out[place + 257 : place + 262] == b"ustar":
            out[place + 148 : place + 156] = b" " * 8
            out[place + 148 : place + 156] = b"%06o\0 " % sum(out[place : place + BLOCK])
    return bytes(out)


@given(st.data())
def test_any_damage_ends_inside_the_tar(tar_of_members: MakeTar, data: st.DataObject) -> None:
    tar = bytearray(tar_of_members(data.draw(MEMBERS), data.draw(st.sampled_from(FORMATS[1:]))))
    for _ in range(data.draw(st.integers(1, 4))):
        block = data.draw(st.integers(0, min(len(tar) // BLOCK - 1, 8)))
        # Where it hurts: size, type, name, magic, and the texts of extended headers.
        place = data.draw(st.sampled_from([0, 3, 124, 130, 156, 257, 345, 482, 504]))
        tar[block * BLOCK + place] = data.draw(st.integers(0, 255))
    found, _ = members_of(with_checksums(bytes(tar)))
    assert all(0 <= one.offset <= one.offset + one.size <= len(tar) for one in found)


@given(st.data())
def test_a_tar_that_is_cut_anywhere_gives_what_is_whole_and_says_so(
    tar_of_members: MakeTar, data: st.DataObject
) -> None:
    tar = tar_of_members([("a.pdf", b"x" * 700), ("b" * 150 + ".pdf", b"y" * 512), ("c.pdf", b"")])
    whole, damage = members_of(tar)
    assert damage is None
    end = whole[-1].offset  # where the end mark begins
    cut = data.draw(st.integers(0, end))
    found, damage = members_of(tar[:cut])
    assert found == [one for one in whole if one.offset + one.size <= cut]
    assert damage is not None


def header_of(kind: bytes, name: str = "x", size: int = 0, form: int = tarfile.GNU_FORMAT) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(form)


END = bytes(2 * BLOCK)


@pytest.mark.parametrize(
    "kind", [tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE]
)
def test_links_devices_and_folders_are_no_files(kind: bytes) -> None:
    data = header_of(kind, "x.pdf") + header_of(tarfile.REGTYPE, "y.pdf") + END
    found, damage = members_of(data)
    assert ([one.name for one in found], damage) == (["y.pdf"], None)


def test_sparse_files_are_passed_over_and_said() -> None:
    sparse = bytearray(header_of(tarfile.GNUTYPE_SPARSE, "x.pdf", 600))
    sparse[482] = 1  # a block of the map follows
    data = with_checksums(bytes(sparse)) + bytes(BLOCK) + bytes(1024) + header_of(tarfile.REGTYPE, "y.pdf") + END
    found, damage = members_of(data)
    assert [one.name for one in found] == ["y.pdf"]
    assert damage == "it has sparse files, which are not read"


@pytest.mark.parametrize(
    ("data", "damage"),
    [
        (header_of(b"0", size=10**9) + END, "longer than the tar"),
        (header_of(b"L", size=2**40) + END, "an extended header of"),
        (header_of(b"L", size=70_000) + b"x" * 70_144 + header_of(b"0") + END, "a name of 70000 bytes"),
        (header_of(b"x", size=20) + b"99 path=a\n".ljust(BLOCK, b"\0") + header_of(b"0") + END, "not well formed"),
        (header_of(b"x", size=9) + b"9 size=-1".ljust(BLOCK, b"\0") + header_of(b"0") + END, "not well formed"),
        (header_of(b"x", size=10) + b"0 path=a\n\n".ljust(BLOCK, b"\0") + header_of(b"0") + END, "not well formed"),
        (header_of(b"g", size=10) + b"10 path=a\n".ljust(BLOCK, b"\0") + header_of(b"0") + END, "a global header"),
        (header_of(b"0") + END + header_of(b"0") + END, "goes on after its end mark"),
        (header_of(b"0") + END + bytes(5 << 20), "bytes follow its end mark"),
        (header_of(b"0"), "cut at 512"),
        (header_of(b"0")[:-1], "cut at"),
        (header_of(b"0").replace(b"ustar", b"nosta") + END, "no header at 0"),
        (b"y" + header_of(b"0")[1:] + END, "no header at 0"),
        (b"", "cut at 0"),
    ],
)
def test_what_is_not_clearly_right_is_damage(data: bytes, damage: str) -> None:
    found = members_of(data)[1]
    assert found is not None
    assert damage in found


def test_only_a_header_whose_checksum_fits_makes_a_tar() -> None:
    head = header_of(b"0")
    assert is_tar(head)
    assert not is_tar(head[:511])
    assert not is_tar(b"y" + head[1:])
    assert not is_tar(bytes(BLOCK))


def test_sizes_in_gnus_binary_form_are_read() -> None:
    big = bytearray(header_of(b"0"))
    big[124:136] = b"\x80" + (3).to_bytes(11, "big")
    found, damage = members_of(with_checksums(bytes(big)) + b"abc".ljust(BLOCK, b"\0") + END)
    assert (found, damage) == ([Member("x", BLOCK, 3)], None)
    big[124] = 0xFF  # a negative one
    assert members_of(with_checksums(bytes(big)) + END)[1] == "the header at 0 has no size"
