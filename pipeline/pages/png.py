"""Chunks of a PNG that are no part of the picture and can be bombs: colour profiles and compressed text."""

from __future__ import annotations

import struct

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_NEVER_USED = frozenset({b"iCCP", b"tEXt", b"zTXt", b"iTXt"})
# A text that may say how the picture is turned; what other programs write there is thousands of bytes, not more.
_ORIENTATION = (b"XML:com.adobe.xmp\0", b"Raw profile type exif\0", b"Raw profile type APP1\0", b"exif\0")
_MAX_TEXT = 256 * 1024


def without_profiles(data: bytes) -> bytes:
    """`data` without profiles and texts that say nothing of the picture's orientation.

    A reader that refuses the file for such a chunk, or unpacks a gigabyte of it, would lose a good page. A file that
    is no PNG, or ends early, comes back as it is from there on: the reader says what is wrong.
    """
    if not data.startswith(_SIGNATURE):
        return data
    kept, place = [_SIGNATURE], len(_SIGNATURE)
    while place + 12 <= len(data):
        size, name = struct.unpack_from(">I4s", data, place)
        end = place + 12 + size
        if end > len(data):
            break
        text = data[place + 8 : place + 8 + 40]
        if name not in _NEVER_USED or (size <= _MAX_TEXT and text.startswith(_ORIENTATION)):
            kept.append(data[place:end])
        place = end
    return b"".join(kept) + data[place:]
