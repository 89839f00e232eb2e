"""One page: picture, words, layout, record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.beside import Beside
from pipeline.ingest.config import IngestConfig
from pipeline.ingest.layout import GIVEN, lay_out
from pipeline.limited import Closing
from pipeline.pages import PageFacts, RawPage, Sandbox, StoredPicture, encode_picture
from pipeline.sources.formats import Format
from pipeline.upright import turn_truth
from pipeline.words import Extraction, Extractor, WordList
from pipeline.words.ocr.process import OcrProcess
from schemas.base import digest
from schemas.boxes import normalise
from schemas.page import DocumentRef, Engine, Orientation, Page, Route, page_key
from schemas.truth import PageTruth


@dataclass(frozen=True)
class MadePage:
    """A finished page: its record and its picture."""

    record: Page
    picture: StoredPicture


_GIVEN = Engine(name=GIVEN, version="pixparse/1", models={}, config=digest({}))


class PageMaker(Closing):
    """Makes pages of one document at a time; owns the child processes: one opens and renders, one reads pictures, and
    one, `beside`, parses the words and the truth that came with the document.
    """

    def __init__(self, config: IngestConfig, passwords: Sequence[str] = (), ocr_models: Path | None = None) -> None:
        self._config = config
        self._sandbox = Sandbox(config.limits, passwords, config.pdf_engine)
        self.beside = Beside(config.limits.for_pages)
        options = config.ocr_options(ocr_models)

        def make_ocr() -> OcrProcess:
            return OcrProcess(options, config.limits.for_ocr, config.ocr_models)

        self._extractor = Extractor(config.route, make_ocr, config.ocr_longest, config.pdf_engine)
        self._format = Format.PDF

    def open(self, kind: Format, data: bytes) -> int:
        """Open a document; see `Sandbox.open`."""
        self._format = kind
        return self._sandbox.open(kind, data)

    def make(
        self, document: DocumentRef, index: int, truth: PageTruth | None, given: WordList | None = None
    ) -> MadePage:
        """Page `index` of the open document, with the words that are `given` or else by extraction.

        PageError where it cannot be had, even when what ran into a limit is tried again alone.
        """
        raw = self._sandbox.page(index, self._first_size)
        if given is not None:
            found = self._as_given(given)
        else:
            found = self._extractor.extract(raw, lambda longest: self._again(raw, index, longest))
        upright = found.pose.picture(raw.pixels)
        picture = encode_picture(upright, self._config.picture_longest, bilevel=raw.facts.bilevel)
        if truth is not None:
            truth = turn_truth(truth, found.pose, raw.pixels.shape[1] / raw.pixels.shape[0])
        return MadePage(self._record(document, index, raw.facts, picture, found, truth), picture)

    def _as_given(self, words: WordList) -> Extraction:
        route = Route.TEXT_LAYER if self._format is Format.PDF else Route.OCR
        return Extraction(words, route, "words came with the document", {}, _GIVEN)

    @property
    def _first_size(self) -> int:
        """A picture file is decoded once, at the size for OCR; a PDF page first at the size that is stored."""
        longest = self._config.picture_longest
        return longest if self._format is Format.PDF else max(longest, self._config.ocr_longest)

    def _again(self, raw: RawPage, index: int, longest: int) -> RawPage:
        return raw if self._format is not Format.PDF else self._sandbox.page(index, longest, chars=False)

    @staticmethod
    def _record(
        document: DocumentRef,
        index: int,
        facts: PageFacts,
        picture: StoredPicture,
        found: Extraction,
        truth: PageTruth | None,
    ) -> Page:
        read = found.words
        words, lines = lay_out(
            read.text,
            normalise(read.box, 1.0, 1.0),
            read.confidence,
            read.source_line,
            picture.size,
            found.route,
            found.engine,
        )
        return Page(
            key=page_key(document.sha256, index),
            document=document,
            page=index,
            size=picture.size,
            route=found.route,
            reason=found.reason,
            features=found.features,
            orientation=Orientation.model_validate(
                {"declared": facts.declared_rotation, "turned": found.pose.turned, "skew": found.pose.skew}
            ),
            engine=found.engine,
            words=words,
            lines=lines,
            truth=truth,
        )

    def close(self) -> None:
        """End the child processes; another page starts them again."""
        self._sandbox.close()
        self.beside.close()
        self._extractor.close()
