"""Characters of a PDF page, asked of pdfium in bulk.

pdfium gives one character a call, and four calls a character through its usual binding were half the time of a page.
Here its functions are called by `map`, and write straight into arrays.
"""

from __future__ import annotations

import ctypes
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pypdfium2 import raw

from pipeline.pages.bare import INT, POINTER, bare, handle

_INVISIBLE = 3  # text render mode
_LAST_BLANK = 0x20
_SURROGATES = (0xD800, 0xDFFF)
_HIGH, _LOW = 0xD800 >> 10, 0xDC00 >> 10  # the upper bits of a pair's two halves
_HYPHEN_IN_TEXT = 0xFFFE  # what the text has for a hyphen at the end of a line, which is another code by itself
_ROW = 32  # bytes of four doubles
_LEFT, _BOTTOM, _RIGHT, _TOP = (8 * i for i in range(4))


_text_of = bare(raw.FPDFText_GetText, INT, POINTER, INT, INT, POINTER)
_code_of = bare(raw.FPDFText_GetUnicode, ctypes.c_uint, POINTER, INT)
_is_generated = bare(raw.FPDFText_IsGenerated, INT, POINTER, INT)
_box_of = bare(raw.FPDFText_GetCharBox, INT, POINTER, INT, *[POINTER] * 4)
_object_of = bare(raw.FPDFText_GetTextObject, POINTER, POINTER, INT)
_mode_of = bare(raw.FPDFTextObj_GetTextRenderMode, INT, POINTER)


def read_chars(text_page: Any, count: int) -> tuple[NDArray[np.uint32], NDArray[np.float64], NDArray[np.bool_]]:
    """(N code points, N x 4 boxes, N hidden) of the first `count` characters of a text page.

    pdfium gives a character beyond the basic plane as two; here it is one, and surrogates that are left are lone.
    Boxes are left, bottom, right, top in points of user space, NaN where a character has none: spaces and line ends
    that pdfium made up are nowhere. Hidden are those that are drawn invisibly (text render mode 3).
    """
    page = handle(text_page)
    code = _codes(page, count)
    box = _boxes(page, count)
    blank = np.flatnonzero(code <= _LAST_BLANK)
    made_up = np.fromiter(map(_is_generated, repeat(page), blank.tolist()), np.int32, len(blank)) == 1
    box[blank[made_up]] = np.nan
    return _paired(code, box, _hidden(page, count))


def _paired(
    code: NDArray[np.uint32], box: NDArray[np.float64], hidden: NDArray[np.bool_]
) -> tuple[NDArray[np.uint32], NDArray[np.float64], NDArray[np.bool_]]:
    """The same characters, each high surrogate joined with the low one behind it; both have one box."""
    high = code >> 10 == _HIGH
    if not high.any():
        return code, box, hidden
    first = np.flatnonzero(high[:-1] & (code[1:] >> 10 == _LOW))
    code[first] = 0x10000 + ((code[first] & 0x3FF) << 10) + (code[first + 1] & 0x3FF)
    return np.delete(code, first + 1), np.delete(box, first + 1, axis=0), np.delete(hidden, first + 1)


def _codes(page: int, count: int) -> NDArray[np.uint32]:
    """Code points, from the text in one piece where that has one unit for each character."""
    units = np.zeros(2 * count + 2, np.uint16)  # room for pairs of surrogates, and for its end mark
    written = _text_of(page, 0, count, units.ctypes.data) - 1
    text = units[: max(0, written)]
    if len(text) != count or ((text >= _SURROGATES[0]) & (text <= _SURROGATES[1])).any():
        return np.fromiter(map(_code_of, repeat(page), range(count)), np.uint32, count)
    code = text.astype(np.uint32)
    for place in np.flatnonzero(text == _HYPHEN_IN_TEXT).tolist():
        code[place] = _code_of(page, place)
    return code


def _boxes(page: int, count: int) -> NDArray[np.float64]:
    box = np.zeros((count, 4), np.float64)
    start = box.ctypes.data
    # pdfium's order is left, right, bottom, top.
    corners = [range(start + at, start + at + _ROW * count, _ROW) for at in (_LEFT, _RIGHT, _BOTTOM, _TOP)]
    there = np.fromiter(map(_box_of, repeat(page), range(count), *corners), np.int32, count)
    box[there == 0] = np.nan
    return box


def _hidden(page: int, count: int) -> NDArray[np.bool_]:
    # A null pointer comes as None: pdfium's own characters belong to no object.
    objects = list(map(_object_of, repeat(page), range(count)))
    invisible = {item for item in set(objects) if item is not None and _mode_of(item) == _INVISIBLE}
    if not invisible:
        return np.zeros(count, np.bool_)
    return np.fromiter((item in invisible for item in objects), np.bool_, count)
