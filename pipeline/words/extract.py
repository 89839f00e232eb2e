"""One page's words by the right route. Owns the OCR engine, which is loaded when the first page needs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version

import numpy as np
import pypdfium2
from numpy.typing import NDArray

from pipeline.pages.base import PdfEngine, RawPage
from pipeline.upright import find_pose, pose_of_chars, turn_page
from pipeline.words.base import Extraction, WordList
from pipeline.words.ink import ink_of, invisible
from pipeline.words.mixed import joined, read_rest, rest_of
from pipeline.words.ocr.base import OcrEngine
from pipeline.words.route import GOOD, RouteConfig, decide, features_of, worth_reading
from pipeline.words.textlayer import words_of
from schemas.base import digest
from schemas.page import Engine, Route

Render = Callable[[int], RawPage]
_REVISION = 2  # of the way from a PDF's characters to words; another number where they change
_SURE, _FLAT = 0.5, 0.8  # confidence of a word, and its width over its height, that speak for the way it was read


@dataclass(frozen=True)
class _TextLayer:
    words: WordList
    engine: Engine


class Extractor:
    """Words of one page after another."""

    def __init__(
        self,
        route: RouteConfig,
        make_ocr: Callable[[], OcrEngine],
        ocr_longest: int,
        pdf_engine: PdfEngine = PdfEngine.PDFIUM,
    ) -> None:
        self._route = route
        self._make_ocr = make_ocr
        self._ocr: OcrEngine | None = None
        self._ocr_longest = ocr_longest
        self._layer = Engine(
            name=pdf_engine.value,
            version=_version(pdf_engine),
            models={},
            config=digest({"revision": _REVISION, **asdict(route)}),
        )

    @property
    def ocr(self) -> OcrEngine:
        """The OCR engine; a missing model raises here and stops the run, as it is no fault of a page."""
        if self._ocr is None:
            self._ocr = self._make_ocr()
        return self._ocr

    def extract(self, page: RawPage, render: Render) -> Extraction:
        """Words of `page`; `render(longest)` gives it again at another size where OCR wants to see more."""
        height, width = page.pixels.shape[:2]
        pose = pose_of_chars(page.chars, width / height)
        upright = turn_page(page, pose)
        height, width = upright.pixels.shape[:2]
        layer = words_of(worth_reading(self._route, upright.chars), width / height)
        ink = ink_of(upright.pixels)
        features = features_of(upright, ink, layer)
        route, reason = decide(self._route, features)
        if route is Route.TEXT_LAYER:
            found = Extraction(layer, route, reason, features, self._layer, pose)
            if reason != GOOD:
                return found
            found = _only_visible(found, upright)
            return self._with_the_rest(found, upright, ink, lambda: self._enlarged(page, render))
        seen = self._enlarged(page, render)
        pose = find_pose(seen, self.legible)
        words = self.ocr.read(pose.picture(seen))
        return Extraction(words, route, reason, features | words.features, self.ocr.engine, pose)

    def _with_the_rest(
        self, found: Extraction, page: RawPage, ink: NDArray[np.uint8], enlarge: Callable[[], NDArray[np.uint8]]
    ) -> Extraction:
        """The words of a good text layer, and what is written on the page beside them."""
        layer, features = found.words, found.features
        if features["ink"] * (1 - features["ink_covered"]) < self._route.min_ink_left:
            return found
        rest = rest_of(page.pixels, ink, layer.box)
        features = features | {"marks_left": float(rest.marks)}
        if rest.marks < self._route.least_marks:
            return replace(found, features=features)
        more = read_rest(found.pose.picture(enlarge()), layer.box, rest.region, self.ocr.read)
        features |= more.features
        if not len(more):
            return replace(found, features=features)
        words, engine = joined(layer, more), _both(found.engine, self.ocr.engine)
        return replace(found, words=words, route=Route.MIXED, reason="text-and-more", features=features, engine=engine)

    def legible(self, picture: NDArray[np.uint8]) -> float:
        """Letters and digits that can be read, each by its confidence; a word taller than wide counts nothing."""
        words = self.ocr.read(picture)
        height, width = picture.shape[:2]
        size = (words.box[:, 2:] - words.box[:, :2]) * np.array([width, height])
        return sum(
            score * sum(map(str.isalnum, text))
            for text, score, (wide, high) in zip(words.text, words.confidence, size.tolist(), strict=True)
            if score >= _SURE and (len(text) == 1 or wide >= _FLAT * high)
        )

    def close(self) -> None:
        """Give back what the engine holds; another page starts it again."""
        if self._ocr is not None:
            self._ocr.close()

    def _enlarged(self, page: RawPage, render: Render) -> NDArray[np.uint8]:
        if max(page.pixels.shape[:2]) >= self._ocr_longest:
            return page.picture
        return render(self._ocr_longest).picture


def _only_visible(found: Extraction, page: RawPage) -> Extraction:
    """The extraction without the words that nobody sees, as white ones on white paper; counted as `words_unseen`."""
    if found.features["words_on_ink"] == 1:
        return found
    unseen = invisible(page.pixels, found.words.box)
    if not unseen.any():
        return found
    features = found.features | {"words_unseen": float(unseen.sum())}
    return replace(found, words=found.words.chosen(np.flatnonzero(~unseen).tolist()), features=features)


def _version(engine: PdfEngine) -> str:
    """Of what reads a text layer; the parent loads no parser for that."""
    if engine is PdfEngine.PDFIUM:
        return str(pypdfium2.version.PDFIUM_INFO)
    return f"{version('pdfplumber')} (pdfminer.six {version('pdfminer.six')})"


def _both(layer: Engine, ocr: Engine) -> Engine:
    """The engine of a page that two have read."""
    return Engine(
        name=f"{layer.name}+{ocr.name}",
        version=f"{layer.version}+{ocr.version}",
        models=ocr.models,
        config=digest([layer.config, ocr.config]),
    )
