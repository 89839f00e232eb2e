"""Headers of an uncompressed tar: ustar, GNU long names, pax. Strict: what is not clearly right is damage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

BLOCK = 512
MAX_HEADERS = 1_000_000  # of one tar
_MAX_NAME = 64 * 1024
_MAX_PAX = 1024 * 1024
_MAX_TAIL = 4 * 1024 * 1024  # zeros that may follow the end mark: tars are padded to whole records

_POSIX, _GNU = b"ustar\x0000", b"ustar  \0"
_REGULAR = frozenset({b"0", b"\0", b"7"})
_WITHOUT_DATA = frozenset({b"1", b"2", b"3", b"4", b"5", b"6"})  # links, devices, folders, pipes
_ZEROS = bytes(BLOCK)

ReadAt = Callable[[int, int], bytes]


class TarDamageError(ValueError):
    """A tar that cannot be read to its end; what came before is good."""


class Member(NamedTuple):
    """A plain file inside a tar: `size` bytes from `offset`."""

    name: str
    offset: int
    size: int


@dataclass
class _Next:
    """What extended headers say of the member that follows them."""

    name: str | None = None
    size: int | None = None
    pax: dict[str, str] = field(default_factory=dict)


def is_tar(head: bytes) -> bool:
    """Whether a file that begins with `head` (512 bytes or more) is an uncompressed tar, whatever its name."""
    return len(head) >= BLOCK and head[257:265] in (_POSIX, _GNU) and _checksum_fits(head[:BLOCK])


def read_members(read: ReadAt, size: int) -> Iterator[Member]:
    """Plain files of a tar of `size` bytes, in its order, each of them inside it.

    `read(offset, size)` gives bytes of the tar. Raises TarDamageError after the last member that is good where the
    tar is damaged, is cut (even between two members), goes on after its end mark, or has sparse files in it.
    """
    place, following, sparse = 0, _Next(), False
    for _ in range(MAX_HEADERS):
        header = _block(read, place, size)
        if header == _ZEROS:
            _check_tail(read, place, size)
            if sparse:
                raise TarDamageError("it has sparse files, which are not read")
            return
        kind, stored = _check_header(header, place)
        place += BLOCK
        if kind in b"LKxg":
            _extend(following, kind, _body(read, place, stored, size))
            place += _padded(stored)
            continue
        length = stored if following.size is None else following.size
        if kind == b"S":
            place = _skip_sparse_map(read, header, place, size)
        elif kind in _WITHOUT_DATA or (kind == b"\0" and _text(header[:100]).endswith("/")):  # links, devices, folders
            length = 0
        if length > size - place:
            raise TarDamageError(f"the member at {place - BLOCK} is longer than the tar")
        name = following.name if following.name is not None else _name(header)
        if kind == b"S" or any(key.startswith("GNU.sparse.") for key in following.pax):
            sparse = True
        elif kind in _REGULAR and not name.endswith("/"):
            yield Member(name, place, length)
        place, following = place + _padded(length), _Next()
    raise TarDamageError(f"more than {MAX_HEADERS} headers")


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _block(read: ReadAt, place: int, size: int) -> bytes:
    found = read(place, BLOCK) if place + BLOCK <= size else b""
    if len(found) != BLOCK:
        raise TarDamageError(f"cut at {min(place, size)}: it has no end mark")
    return found


def _body(read: ReadAt, place: int, length: int, size: int) -> bytes:
    if length > _MAX_PAX:
        raise TarDamageError(f"an extended header of {length} bytes at {place}")
    found = read(place, length) if place + length <= size else b""
    if len(found) != length:
        raise TarDamageError(f"cut at {min(place, size)}, inside an extended header")
    return found


def _check_header(header: bytes, place: int) -> tuple[bytes, int]:
    """(type, size in bytes) of a header whose checksum fits."""
    if header[257:265] not in (_POSIX, _GNU) or not _checksum_fits(header):
        raise TarDamageError(f"no header at {place}")
    kind = header[156:157]
    size = _number(header[124:136])
    if size is None:
        if kind not in _WITHOUT_DATA:
            raise TarDamageError(f"the header at {place} has no size")
        size = 0
    return kind, size


def _checksum_fits(header: bytes) -> bool:
    stated = _number(header[148:156])
    if stated is None:
        return False
    total = sum(header) - sum(header[148:156]) + 8 * 0x20  # the field itself counts as spaces
    if stated == total:
        return True
    high = sum(byte > 127 for byte in header) - sum(byte > 127 for byte in header[148:156])
    return stated == total - 256 * high  # as some old programs summed signed characters


def _number(digits_of: bytes) -> int | None:
    """A number in octal digits, or in GNU's binary form; None for what is neither, or negative."""
    if digits_of[0] == 0x80:
        return int.from_bytes(digits_of[1:], "big")
    digits = digits_of.split(b"\0", 1)[0].strip(b" ")
    if not digits or digits.translate(None, b"01234567"):
        return None
    return int(digits, 8)


def _text(data: bytes) -> str:
    return data.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")


def _name(header: bytes) -> str:
    name = _text(header[:100])
    prefix = _text(header[345:500]) if header[257:265] == _POSIX else ""
    return f"{prefix}/{name}" if prefix else name


def _extend(following: _Next, kind: bytes, body: bytes) -> None:
    if kind == b"L":
        if len(body) > _MAX_NAME:
            raise TarDamageError(f"a name of {len(body)} bytes")
        following.name = _text(body)
    elif kind in b"xg":
        records = _pax(body)
        if kind == b"g":
            if records.keys() & {"path", "size"}:
                raise TarDamageError("a global header names or sizes all members")
            return
        following.pax.update(records)
        if "path" in records:
            if "\0" in records["path"] or len(records["path"]) > _MAX_NAME:
                raise TarDamageError("a pax header with an impossible path")
            following.name = records["path"]
        if "size" in records:
            following.size = _decimal(records["size"])


def _pax(body: bytes) -> dict[str, str]:
    """Records `<length> <key>=<value>\\n` of a pax header, the length in decimal digits and of the whole record."""
    found: dict[str, str] = {}
    place = 0
    while place < len(body):
        digits, _, _ = body[place : place + 8].partition(b" ")
        length = _decimal(digits.decode("latin-1"))
        record = body[place : place + length]
        key, mark, value = record[len(digits) + 1 : -1].partition(b"=")
        if len(record) != length or not record.endswith(b"\n") or not mark or record[len(digits)] != 0x20:
            raise TarDamageError("a pax header that is not well formed")
        found[key.decode("utf-8", "surrogateescape")] = value.decode("utf-8", "surrogateescape")
        place += length
    return found


def _decimal(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise TarDamageError("a pax header that is not well formed")
    return int(text)


def _skip_sparse_map(read: ReadAt, header: bytes, place: int, size: int) -> int:
    """Where the data of an old GNU sparse file begin: after blocks of its map, each saying whether one follows."""
    more = header[482]
    while more:
        more = _block(read, place, size)[504]
        place += BLOCK
    return place


def _check_tail(read: ReadAt, place: int, size: int) -> None:
    """Nothing but zeros follows the end mark: other bytes may be a second tar that was appended."""
    if size - place > _MAX_TAIL:
        raise TarDamageError(f"{size - place} bytes follow its end mark at {place}")
    if read(place, size - place).strip(b"\0"):
        raise TarDamageError(f"it goes on after its end mark at {place}")
