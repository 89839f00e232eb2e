"""What is drawn on a PDF page, object by object: its pictures and its text. A page may have thousands of objects."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pypdfium2 import raw

from pipeline.pages.bare import INT, POINTER, bare, handle

_FLOATS = ctypes.c_float * 4
_type_of = bare(raw.FPDFPageObj_GetType, INT, POINTER)
_bounds_of = bare(raw.FPDFPageObj_GetBounds, INT, POINTER, *[POINTER] * 4)
_activate = bare(raw.FPDFPageObj_SetIsActive, INT, POINTER, INT)
_on_page = (bare(raw.FPDFPage_CountObjects, INT, POINTER), bare(raw.FPDFPage_GetObject, POINTER, POINTER, INT))
_in_form = (
    bare(raw.FPDFFormObj_CountObjects, INT, POINTER),
    bare(raw.FPDFFormObj_GetObject, POINTER, POINTER, ctypes.c_ulong),
)


def picture_bounds(page: Any, most: int) -> NDArray[np.float64]:
    """N x 4 (left, bottom, right, top in points) of at most `most` pictures on a page and in the forms on it.

    Forms within those are not entered: scanners do not nest them, and bombs do.
    """
    found: list[tuple[float, ...]] = []
    for item in _of_kind(handle(page), raw.FPDF_PAGEOBJ_IMAGE):
        values = _FLOATS()
        start = ctypes.addressof(values)
        if _bounds_of(item, *range(start, start + ctypes.sizeof(values), ctypes.sizeof(ctypes.c_float))):
            found.append(tuple(values))  # else it lies nowhere
            if len(found) == most:
                break
    return np.array(found, dtype=np.float64).reshape(-1, 4)


def texts_of(page: Any) -> list[int]:
    """Addresses of the text objects on a page and in the forms on it, and of the forms in those, whatever they hold."""
    return list(_of_kind(handle(page), raw.FPDF_PAGEOBJ_TEXT, raw.FPDF_PAGEOBJ_FORM))


def set_active(items: list[int], *, active: bool) -> None:
    """Whether objects are drawn when the page is rendered the next time."""
    for item in items:
        _activate(item, active)


def _of_kind(page: int, wanted: int, within: int | None = None) -> Iterator[int]:
    """Objects of a kind on a page and in its forms; in these, those of the kind `within`, too."""
    for item, kind in _objects(page, *_on_page):
        if kind == wanted:
            yield item
        elif kind == raw.FPDF_PAGEOBJ_FORM:
            yield from (inner for inner, what in _objects(item, *_in_form) if what in (wanted, within))


def _objects(parent: int, count: Callable[[int], int], get: Callable[..., int]) -> Iterator[tuple[int, int]]:
    """(object, kind) of everything right inside a page or a form."""
    items = list(map(get, repeat(parent), range(max(0, count(parent)))))
    there = [item for item in items if item]
    return zip(there, map(_type_of, there), strict=True)
