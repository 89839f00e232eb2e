"""Width and height of a PNG or JPEG by its header: what boxes in pixels are fractions of."""

from __future__ import annotations

import struct

HEAD_BYTES = 1 << 20  # of a file that are looked at: profiles and thumbnails may come before the size
_PNG = b"\x89PNG\r\n\x1a\n"
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})  # of JPEG: those that say the size
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length


def picture_size(head: bytes) -> tuple[int, int] | None:
    """Pixels across and down of a file that begins with `head`; None where that does not say it."""
    if head.startswith(_PNG) and head[12:16] == b"IHDR" and len(head) >= 24:
        width, height = struct.unpack(">II", head[16:24])
        return _positive(width, height)
    return _jpeg(head) if head.startswith(b"\xff\xd8") else None


def _jpeg(head: bytes) -> tuple[int, int] | None:
    place = 2
    while place + 9 <= len(head) and head[place] == 0xFF:
        marker = head[place + 1]
        if marker == 0xFF:  # padding
            place += 1
        elif marker in _ALONE:
            place += 2
        elif marker in _FRAMES:
            height, width = struct.unpack(">HH", head[place + 5 : place + 9])
            return _positive(width, height)
        else:
            place += 2 + max(2, struct.unpack(">H", head[place + 2 : place + 4])[0])
    return None


def _positive(width: int, height: int) -> tuple[int, int] | None:
    return (width, height) if width and height else None
