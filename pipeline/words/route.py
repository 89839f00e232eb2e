"""Which route a page takes, from what its text layer is worth. The features and the reason go into the record."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.pages.base import Chars, RawPage
from pipeline.upright.marks import marks_of
from pipeline.words.base import WordList
from pipeline.words.ink import PALE, agreement, ink_of, is_thin
from schemas.page import Route


class PdfText(StrEnum):
    """What a person wants done with text layers."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, kw_only=True)
class RouteConfig:
    """Thresholds; each is a share 0..1 but `least_marks`."""

    pdf_text: PdfText = PdfText.AUTO
    max_bad: float = 0.05  # characters without a meaning: unmapped, private use, control
    min_on_ink: float = 0.7  # words with ink under them
    min_ink_covered: float = 0.25  # ink under words, where a picture covers a good part of the page
    picture_part: float = 0.3  # what a good part is
    picture_page: float = 0.7  # a picture this large is a scan
    min_scan_covered: float = 0.3  # ink under words that are seen, where a picture is that large
    max_hidden: float = 0.5  # characters that cannot be seen
    min_ink_left: float = 0.0005  # of the page: ink that no word of the text layer explains, or nothing is looked for
    least_marks: int = 8  # letters in it that make OCR of a part of the page worth while


GOOD = "text-is-good"  # the reason of a text layer that is used for what it is worth

_BAD = frozenset({"Cc", "Cn", "Co", "Cs"})
_CODE_POINTS = 0x110000


def features_of(page: RawPage, ink: NDArray[np.uint8], words: WordList) -> dict[str, float]:
    """What the decision is made from; all shares 0..1 but `characters`, which are those inside of the page.

    A page without characters that shows rules and specks at most has `pale_marks`, too: what may be a pale letter.
    `words` are its text layer's, `ink` is what `ink_of` makes of the page.
    """
    solid, outside = page.chars.solid(), page.chars.outside()
    inside = solid & ~outside
    codes = page.chars.code[inside]
    on_ink, covered = agreement(ink, words.box)
    found = {
        "characters": float(len(codes)),
        "bad_characters": round(_bad_share(codes), 4),
        "hidden_characters": _hidden_share(page.chars),
        "outside_characters": round(float((solid & outside).sum() / max(1, solid.sum())), 4),
        "picture_cover": page.facts.picture_cover,
        "ink": round(cv2.countNonZero(ink) / ink.size, 4),
        "words_on_ink": round(on_ink, 4),
        "ink_covered": round(covered, 4),
    }
    if not len(codes) and is_thin(ink) and is_thin(ink_of(page.pixels, PALE)):
        # Pale letters differ too little from the paper to be ink, and large ones are no marks.
        found["pale_marks"] = float(len(marks_of(page.pixels)))
    return found


def worth_reading(config: RouteConfig, chars: Chars) -> Chars:
    """The characters that words are made of: those that can be seen; all where hardly any can, or all are asked for."""
    if config.pdf_text is PdfText.ALWAYS or not chars.hidden.any():
        return chars
    return chars if _hidden_share(chars) > config.max_hidden else chars.seen()


def _hidden_share(chars: Chars) -> float:
    hidden = chars.hidden[chars.solid() & ~chars.outside()]
    return round(float(hidden.mean()), 4) if len(hidden) else 0.0


def decide(config: RouteConfig, features: dict[str, float]) -> tuple[Route, str]:
    """The route and its reason."""
    if config.pdf_text is PdfText.NEVER:
        return Route.OCR, "asked-for"
    if config.pdf_text is PdfText.ALWAYS:
        return Route.TEXT_LAYER, "asked-for"
    if features["characters"] == 0 and features.get("pale_marks", np.inf) < config.least_marks:
        return Route.TEXT_LAYER, "blank"
    scan = features["picture_cover"] >= config.picture_page
    checks = [
        (features["characters"] == 0, "no-text"),
        (features["bad_characters"] > config.max_bad, "unmapped-text"),
        (features["hidden_characters"] > config.max_hidden, "hidden-text-over-scan" if scan else "hidden-text"),
        # What is seen over a picture may be a letter on fine paper, or a number stamped on a scan.
        (scan and features["ink_covered"] < config.min_scan_covered, "text-over-scan"),
        (features["words_on_ink"] < config.min_on_ink, "text-off-ink"),
        (
            features["picture_cover"] >= config.picture_part and features["ink_covered"] < config.min_ink_covered,
            "text-misses-ink",
        ),
    ]
    for failed, reason in checks:
        if failed:
            return Route.OCR, reason
    return Route.TEXT_LAYER, GOOD


def _bad_share(codes: NDArray[np.uint32]) -> float:
    if not len(codes):
        return 0.0
    counts = Counter(codes.tolist())
    bad = sum(n for c, n in counts.items() if c >= _CODE_POINTS or c == 0xFFFD or unicodedata.category(chr(c)) in _BAD)
    return bad / len(codes)
