"""What was seen on pages of public documents: which need OCR, and which way they lie. Names are the files' sha256."""

from __future__ import annotations

from collections.abc import Container

EVERY = range(10_000)  # page of a document

# Pages with words that no good text layer has: scans, whatever text they carry, and figures with text.
NEED_OCR: dict[str, Container[int]] = {
    "ebd7b2233aea5f32": EVERY,
    "5f4b129bf0eb0d32": EVERY,
    "36784b0f8a37f124": EVERY,
    "210b845b62eab711": EVERY,
    "ae8197d8a10b6db0": EVERY,
    "1cf372a2b66c3be7": EVERY,
    "5122c07d05a61219": EVERY,
    "6be6b54d49df7135": EVERY,
    "dfa130fb6c0f4b5b": EVERY,
    "aff995adb9a764a2": EVERY,
    "68d253f89f778fe5": EVERY,
    "295877683ae8c860": EVERY,
    "dfd0a34e0509d4d0": EVERY,
    "66c268b12fc22bd6": EVERY,
    "cef236d18178cfac": EVERY,
    "07c1505e07086ade": EVERY,
    "708e73081656c9e3": {1},  # a picture of a web page
    "ac419e4e084ea7a7": range(6, 14),  # figures that are pictures of text
}

# Pages with a logo that has a word or two in it, beside a good text layer: reading it is as right as leaving it.
LOGOS: dict[str, Container[int]] = {
    "12a221eeb2a44348": {0},
    "f52f80bd057313c8": {0},
    "944ab863d7c83521": {0},
    "89b2df115be0d7a7": {0, 1},
    "a5ae86bdb6140122": {0, 1, 2},
    "06f29eb0036c7f6e": {0, 1},
    "af57a5536f93d60a": {0, 1, 2},
    "a32f1bd2f4ab8c63": {0},
    "cf59184ec02c675e": {0, 1, 2},
    "aabb390d01cdf566": {0, 1, 2},
    "1d1a0fde94284840": {0, 1},
}

# Degrees clockwise by which pages must be turned to stand upright; all other pages of scans stand.
TURNED: dict[str, dict[int, int]] = {
    "ebd7b2233aea5f32": {1: 270, 2: 180, 3: 90},
    "295877683ae8c860": {0: 90},
    "cef236d18178cfac": {1: 270, 2: 270, 3: 270},
    "07c1505e07086ade": dict.fromkeys(range(11), 270),
}


def label(sha256: str, page: int, otherwise: bool) -> bool | None:
    """Whether a page needs OCR; None where both answers are right, `otherwise` where it was not looked at by itself."""
    name = sha256[:16]
    if page in LOGOS.get(name, ()):
        return None
    return otherwise or page in NEED_OCR.get(name, ())
