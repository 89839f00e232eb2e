"""Characters of a PDF page through pdfplumber: the second extractor, beside which the first one is checked.

pdfminer reads the page's content, pdfplumber puts its characters together to words. They come back in the order of
those words with blanks between them, as pdfium's characters come, so that nothing after this needs to know who read.
Imported in the child alone, and only where it was asked for: it is slow to load and to run.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pdfminer.layout import LTChar
from pdfminer.pdfdevice import PDFTextDevice
from pdfminer.pdfdocument import PDFDocument
from pdfminer.pdffont import PDFFont, PDFUnicodeNotDefined
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage
from pdfminer.pdfparser import PDFParser
from pdfminer.utils import Matrix
from pdfplumber.utils.text import LIGATURES, WordExtractor

from pipeline.pages.base import PageError
from pipeline.pages.opened import damage_is
from schemas.manifest import Reason

# A space is a fifth to a third of the characters' size, kerning less than a tenth. pdfplumber's own three points take
# small print that is set without space characters for one word a line.
_SPACE = 0.15
# Two characters that differ less in height than 3 points are in one line to pdfplumber. That suits print of this size;
# so a page whose print has another size is enlarged or reduced for it.
_PRINT = 10.0
_COPY = 0.06  # of a character's size: its copy is no further away
_INVISIBLE = 3  # text render mode
_UNMAPPED = "\ufffd"  # where a font does not say which character a glyph is
_LINE_BREAK, _BLANK = 0x0A, 0x20
_FAR = 1e7  # points: no character of a page is out there

Quarter = Literal[0, 1, 2, 3]  # how far the writing is turned anticlockwise
Read = tuple[NDArray[np.uint32], NDArray[np.float64], NDArray[np.bool_]]


class PlumberText:
    """The text of a PDF that pdfium has opened, too, and in which it found `pages` pages."""

    def __init__(self, data: bytes, password: str, pages: int) -> None:
        self._data, self._password, self._count = data, password, pages
        self._pages: list[PDFPage] = []
        self._refusal = ""  # why it cannot be had; an error that is kept would keep what led to it
        self._resources = PDFResourceManager()  # fonts, which the pages of a document share

    def read(self, index: int, most: int) -> Read:
        """(N code points, N x 4 boxes, N hidden) of at most `most` characters of a page, in the order of its words.

        Boxes are left, bottom, right, top in points of user space: as high as the font's size and as wide as the
        character's advance. NaN where a character has none: the blanks and line ends between words are nowhere.
        Raises PageError where the document or the page cannot be had this way.
        """
        with damage_is(Reason.PAGE_DAMAGED, by="pdfplumber"):
            if not self._pages:
                self._open()
            page = self._pages[index]
            device = _Characters(self._resources, most)
            PDFPageInterpreter(self._resources, device).process_page(page)
            return _joined(device, most)

    def _open(self) -> None:
        """Find the pages; what cannot be had is not tried again for every one of them."""
        if self._refusal:
            raise PageError(Reason.PAGE_DAMAGED, self._refusal)
        # Damage that it can live with is thousands of lines that nobody reads.
        logging.getLogger("pdfminer").setLevel(logging.CRITICAL)
        try:
            with damage_is(Reason.PAGE_DAMAGED, by="pdfplumber"):
                document = PDFDocument(PDFParser(io.BytesIO(self._data)), password=self._password)
                pages = list(PDFPage.create_pages(document))
            if len(pages) != self._count:  # the two would not be speaking of the same page
                said = f"pdfplumber finds {len(pages)} page(s), pdfium {self._count}"
                raise PageError(Reason.PAGE_DAMAGED, said)
        except PageError as error:
            self._refusal = error.detail
            raise
        self._pages = pages


@dataclass(frozen=True)
class _Char:
    text: str
    box: tuple[float, float, float, float]  # left, bottom, right, top in the device's frame
    quarter: Quarter
    hidden: bool


class _Characters(PDFTextDevice):
    """Collects at most `most` characters, as pdfminer's own layout would see them, and nothing else of the page."""

    def __init__(self, resources: PDFResourceManager, most: int) -> None:
        super().__init__(resources)
        self.found: list[_Char] = []
        self.frame: Matrix = (1, 0, 0, 1, 0, 0)  # from user space to the frame of the characters
        self._most = most
        self._hidden = False
        self._places: set[tuple[str, int, int]] = set()  # of the characters so far

    def begin_page(self, page: PDFPage, ctm: Matrix) -> None:
        """Remember how the page is turned and moved."""
        self.frame = ctm

    def render_string(self, textstate: Any, *rest: Any) -> None:
        """Remember how the characters that follow are drawn."""
        self._hidden = textstate.render == _INVISIBLE
        super().render_string(textstate, *rest)

    def render_char(
        self, matrix: Matrix, font: PDFFont, fontsize: float, scaling: float, rise: float, cid: int, *rest: Any
    ) -> float:
        """Keep a character; its advance."""
        try:
            text = font.to_unichr(cid)
        except PDFUnicodeNotDefined:
            text = _UNMAPPED
        width, place = font.char_width(cid), font.char_disp(cid)
        item = LTChar(matrix, font, fontsize, scaling, rise, text, width, place, *rest)
        if not text or len(self.found) >= self._most or not all(abs(value) < _FAR for value in item.bbox):
            return item.adv
        if not self._again(text, item.bbox):
            quarter = _quarter(matrix, vertical=font.is_vertical())
            self.found.append(_Char(LIGATURES.get(text, text), item.bbox, quarter, self._hidden))
        return item.adv

    def _again(self, text: str, box: tuple[float, float, float, float]) -> bool:
        """Whether a character is drawn once more where it stands: bold print is made so, and would be read twice."""
        left, bottom, right, top = box
        cell = max(_COPY * (top - bottom), _COPY * (right - left), 1e-3)
        column, row = round(left / cell), round(bottom / cell)
        glyph = f"{text} {cell:.3f}"  # places of print of another size do not compare
        here = {(glyph, column + i, row + j) for i in (-1, 0, 1) for j in (-1, 0, 1)}
        if not here.isdisjoint(self._places):
            return True
        self._places.add((glyph, column, row))
        return False


def _quarter(matrix: Matrix, *, vertical: bool) -> Quarter:
    """Which way the characters follow each other, to the nearest quarter."""
    right, up = (-matrix[2], -matrix[3]) if vertical else matrix[:2]
    if abs(right) >= abs(up):
        return 0 if right >= 0 else 2
    return 1 if up > 0 else 3


def _joined(device: _Characters, most: int) -> Read:
    """The characters word by word, in user space."""
    code: list[int] = []
    place: list[int] = []  # of the character in `found`; -1: nowhere
    for word, new_line in _words(device.found):
        if code:
            code.append(_LINE_BREAK if new_line else _BLANK)
            place.append(-1)
        for at in word:
            text = device.found[at].text
            code += map(ord, text)
            place += [at] * len(text)
    chars, nowhere = device.found, (np.nan,) * 4
    box = np.array([chars[at].box if at >= 0 else nowhere for at in place[:most]], np.float64).reshape(-1, 4)
    hidden = np.array([at >= 0 and chars[at].hidden for at in place[:most]], np.bool_)
    return np.array(code[:most], np.uint32), _to_user_space(box, device.frame), hidden


def _words(chars: Sequence[_Char]) -> Iterator[tuple[list[int], bool]]:
    """The words that pdfplumber makes, as places in `chars`, and whether each begins a line.

    It knows text that runs across and text that does not, and reads the latter downwards. So each direction is handed
    to it as if it ran across; and what is hidden apart from what is seen, as the one often lies on the other.
    """
    extractor = WordExtractor(x_tolerance_ratio=_SPACE)
    scale = _PRINT / float(np.median([_size(char) for char in chars])) if chars else 1.0
    for quarter in (0, 1, 2, 3):
        for hidden in (False, True):
            turned = [
                _as_if_across(at, char, scale)
                for at, char in enumerate(chars)
                if char.quarter == quarter and char.hidden == hidden
            ]
            last: Any = None
            for word in extractor.extract_words(turned, return_chars=True) if turned else ():
                yield [char["at"] for char in word["chars"]], last is None or _begins_line(last, word)
                last = word


def _begins_line(last: dict[str, Any], word: dict[str, Any]) -> bool:
    return bool(word["x0"] < last["x1"] or abs(word["top"] - last["top"]) > last["height"] / 2)


def _size(char: _Char) -> float:
    """How high a line of such characters is, in points; of what has no height, next to nothing."""
    left, bottom, right, top = char.box
    return max(right - left if char.quarter % 2 else top - bottom, 1e-3)


def _as_if_across(at: int, char: _Char, scale: float) -> dict[str, Any]:
    """What pdfplumber wants to know of a character, enlarged, and turned so that its text runs from left to right."""
    left, bottom, right, top = (scale * value for value in char.box)
    x0, y0, x1, y1 = (
        (left, -top, right, -bottom),
        (bottom, left, top, right),
        (-right, bottom, -left, top),
        (-top, -right, -bottom, -left),
    )[char.quarter]
    return {
        "at": at, "text": char.text, "upright": True, "size": y1 - y0,
        "x0": x0, "x1": x1, "top": y0, "bottom": y1, "doctop": y0,
    }  # fmt: skip


def _to_user_space(box: NDArray[np.float64], frame: Matrix) -> NDArray[np.float64]:
    """Boxes back through `frame`, which turns by quarters and moves: left, bottom, right, top again."""
    a, b, c, d, e, f = frame
    back = np.linalg.inv(np.array([[a, b], [c, d]], np.float64))
    first, second = ((box[:, at : at + 2] - (e, f)) @ back for at in (0, 2))
    return np.hstack([np.minimum(first, second), np.maximum(first, second)])
