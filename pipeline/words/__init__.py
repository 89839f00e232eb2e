"""Words: from the text layer where it is good, from OCR where it is not; the reason is recorded for each page."""

from pipeline.words.base import Extraction, WordList
from pipeline.words.extract import Extractor
from pipeline.words.route import PdfText, RouteConfig

__all__ = ["Extraction", "Extractor", "PdfText", "RouteConfig", "WordList"]
