"""PDF through pdfium: the picture, the characters with their boxes, and what covers the page."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pypdfium2 as pdfium
from numpy.typing import NDArray
from pypdfium2 import raw

from pipeline.pages.base import Chars, Limits, PageError, PageFacts, PdfEngine, RawPage, no_chars
from pipeline.pages.chars import read_chars
from pipeline.pages.cover import union_area
from pipeline.pages.objects import picture_bounds
from pipeline.pages.opened import Opened, damage_is
from pipeline.pages.pdfium import is_open, open_alone
from pipeline.pages.picture import grey_if_equal
from pipeline.pages.shown import any_within, unseen, without_text
from schemas.manifest import Reason

if TYPE_CHECKING:
    from pipeline.pages.plumber import PlumberText

# FPDF_PageToDevice answers in whole pixels of a device; of one this large the rounding is nothing.
_DEVICE = 1_000_000
_MIN_POINTS, _MAX_POINTS = 3.0, 14_400.0  # the PDF limits of a page's side
_MAX_PICTURES = 500  # of a page whose cover is counted: scanners cut pages into strips


class PdfFile(Opened):
    """A PDF document. `passwords` are tried in their order where it needs one; `engine` reads its text.

    Each page is read by a pdfium that has seen no other, so that it is the same whatever was read before it.
    """

    def __init__(
        self,
        data: bytes,
        limits: Limits,
        passwords: Sequence[str] = (),
        engine: PdfEngine = PdfEngine.PDFIUM,
    ) -> None:
        self._limits = limits
        self._data = data
        with damage_is(Reason.DAMAGED):
            self._unread, self._password = _unlock(data, passwords)
            self._pages = len(self._unread)
        if self._pages < 1:
            raise PageError(Reason.NO_PAGES, "a PDF without pages")
        if self._pages > limits.max_pages:
            raise PageError(Reason.TOO_MANY_PAGES, f"{self._pages} pages, more than {limits.max_pages}")
        self._plumber = _plumber(data, self._password or "", self._pages) if engine is PdfEngine.PDFPLUMBER else None

    @property
    def pages(self) -> int:
        """Number of pages."""
        return self._pages

    def page(self, index: int, longest: int, *, chars: bool) -> RawPage:
        """Page `index` with its longest side `longest` pixels, turned as its /Rotate says."""
        with damage_is(Reason.PAGE_DAMAGED):
            page = self._as_opened()[index]
            try:
                return self._read(page, index, longest, chars)
            finally:
                page.close()

    def _as_opened(self) -> Any:
        """The document with nothing read of it, and nothing of others since."""
        unread, self._unread = self._unread, None
        return unread if is_open(unread) else open_alone(self._data, self._password)

    def _read(self, page: Any, index: int, longest: int, chars: bool) -> RawPage:
        width, height = page.get_size()
        _check_size(width, height)
        to_page = _to_fractions(page)
        pictures = _map_boxes(picture_bounds(page.raw, _MAX_PICTURES), to_page)
        facts = PageFacts(
            declared_rotation=page.get_rotation(),
            picture_cover=round(union_area(pictures), 4),
            size=(width, height),
        )
        picture = _render(page, longest)
        found = self._chars(page, index, to_page) if chars else no_chars()
        if any_within(found.box[found.solid() & ~found.hidden], pictures):
            found = _only_seen(page, found, picture, longest)
        return RawPage(picture, facts, found)

    def _chars(self, page: Any, index: int, to_page: NDArray[np.float64]) -> Chars:
        if self._plumber is not None:
            return _to_chars(*self._plumber.read(index, self._limits.max_chars), to_page)
        text = page.get_textpage()
        try:
            count = min(text.count_chars(), self._limits.max_chars)
            return _to_chars(*read_chars(text.raw, count), to_page)
        finally:
            text.close()


def _plumber(data: bytes, password: str, pages: int) -> PlumberText:
    from pipeline.pages.plumber import PlumberText  # noqa: PLC0415 - half a second that most runs need not wait

    return PlumberText(data, password, pages)


def _unlock(data: bytes, passwords: Sequence[str]) -> tuple[Any, str | None]:
    """The document, and the password that opened it, None where it needs none."""
    for password in (None, *passwords):
        try:
            return open_alone(data, password), password
        except pdfium.PdfiumError as error:
            if getattr(error, "err_code", None) not in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
                raise
    tried = f"none of {len(passwords)} passwords opens it" if passwords else "it asks for a password"
    raise PageError(Reason.ENCRYPTED, tried)


def _check_size(width: float, height: float) -> None:
    if not min(width, height) >= _MIN_POINTS:
        raise PageError(Reason.PAGE_TOO_SMALL, f"{width:.1f} x {height:.1f} points, less than {_MIN_POINTS:g}")
    if not max(width, height) <= _MAX_POINTS:
        raise PageError(Reason.PAGE_TOO_LARGE, f"{width:.0f} x {height:.0f} points, more than {_MAX_POINTS:g}")


def _render(page: Any, longest: int) -> NDArray[np.uint8]:
    scale = longest / max(page.get_size())
    bitmap = page.render(scale=scale, rev_byteorder=True, force_bitmap_format=raw.FPDFBitmap_BGR)
    try:
        # pdfium rounds the size up; the longest side is a promise.
        found: NDArray[np.uint8] = bitmap.to_numpy()[:longest, :longest]
        picture = grey_if_equal(found)
        picture = found.copy() if picture is found else picture  # the bitmap's memory goes with it
    finally:
        bitmap.close()
    return picture


def _only_seen(page: Any, chars: Chars, picture: NDArray[np.uint8], longest: int) -> Chars:
    """The characters with those that change nothing on the picture marked as hidden."""
    with without_text(page.raw):
        bare = _render(page, longest)
    return Chars(chars.code, chars.box, chars.hidden | unseen(chars.box, picture, bare))


def _to_fractions(page: Any) -> NDArray[np.float64]:
    """2 x 3 affine from user space to fractions of the upright page (/Rotate and the crop box included)."""

    def device(x: float, y: float) -> tuple[float, float]:
        dx, dy = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(page.raw, 0, 0, _DEVICE, _DEVICE, 0, x, y, dx, dy)
        return dx.value / _DEVICE, dy.value / _DEVICE

    step = 100.0
    origin, right, up = device(0, 0), device(step, 0), device(0, step)
    return np.array(
        [[(right[i] - origin[i]) / step, (up[i] - origin[i]) / step, origin[i]] for i in (0, 1)], dtype=np.float64
    )


def _map_boxes(boxes: NDArray[np.float64], to_page: NDArray[np.float64]) -> NDArray[np.float64]:
    """Boxes (left, bottom, right, top in points) as left, top, right, bottom in fractions."""
    a = boxes[:, :2] @ to_page[:, :2].T + to_page[:, 2]
    b = boxes[:, 2:] @ to_page[:, :2].T + to_page[:, 2]
    return np.hstack([np.minimum(a, b), np.maximum(a, b)])


def _to_chars(
    code: NDArray[np.uint32], box: NDArray[np.float64], hidden: NDArray[np.bool_], to_page: NDArray[np.float64]
) -> Chars:
    mapped = _map_boxes(box, to_page)
    return Chars(code, np.where(np.isfinite(mapped), mapped, 0.0).astype(np.float32), hidden)
