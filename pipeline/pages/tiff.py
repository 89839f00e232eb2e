"""How many frames a TIFF has, by the chain of its directories alone: nothing is decoded and no tag is believed."""

from __future__ import annotations

import struct


def count_frames(data: bytes, most: int) -> int:
    """Directories in the chain, counted to `most` + 1 and no further; at least one.

    A directory that was met before ends the chain. One that lies outside of the file ends it, too, and counts: it was
    a page once.
    """
    order = "<" if data[:2] == b"II" else ">"
    large = data[2:4] in (b"+\0", b"\0+")
    # number of entries, bytes of one, offset of the next directory
    counter, entry, pointer = ("Q", 20, "Q") if large else ("H", 12, "I")
    seen: set[int] = set()
    place = _number(data, 8 if large else 4, order + pointer)
    while place and place not in seen and len(seen) <= most:
        seen.add(place)
        entries = _number(data, place, order + counter)
        place = _number(data, place + struct.calcsize(counter) + entries * entry, order + pointer)
    return max(1, len(seen))


def _number(data: bytes, place: int, kind: str) -> int:
    """The number at `place`, 0 where that is outside of the file."""
    if place + struct.calcsize(kind) > len(data):
        return 0
    return int(struct.unpack_from(kind, data, place)[0])
