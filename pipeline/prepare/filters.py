"""Which pages are worth a sample: enough words, letters of the wanted scripts, a picture of some size."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from schemas.manifest import Reason
from schemas.page import Page

# As Unicode names its letters; "cjk" stands for Chinese characters wherever they are used.
SCRIPTS = (
    *("arabic", "armenian", "bengali", "cjk", "cyrillic", "devanagari", "ethiopic", "georgian", "greek", "gujarati"),
    *("gurmukhi", "hangul", "hebrew", "hiragana", "kannada", "katakana", "khmer", "lao", "latin", "malayalam"),
    *("myanmar", "sinhala", "tamil", "telugu", "thai", "tibetan"),
)
_SHARE = 0.5  # of the letters, at least


class Unfit(Exception):  # noqa: N818 - not an error: a page that is left out
    """A page that gives no sample; `reason` is of the closed set."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def check_page(page: Page, min_words: int, min_side: int, scripts: Sequence[str]) -> None:
    """Unfit where a filter leaves the page out."""
    if len(page.words.text) < min_words:
        raise Unfit(Reason.TOO_FEW_WORDS, f"{len(page.words.text)} words")
    if min(page.size) < min_side:
        raise Unfit(Reason.PAGE_TOO_SMALL, f"{page.size[0]} x {page.size[1]} pixels")
    if scripts and (share := script_share(page.words.text, scripts)) < _SHARE:
        raise Unfit(Reason.OTHER_SCRIPT, f"{share:.0%} of the letters are {' or '.join(scripts)}")


def script_share(texts: Sequence[str], scripts: Sequence[str]) -> float:
    """Share of the letters that are of one of `scripts`; 1 where there are no letters: digits belong to all."""
    found = [script for text in texts for character in text if (script := _script(character)) is not None]
    return sum(script in scripts for script in found) / len(found) if found else 1.0


@lru_cache(maxsize=1 << 16)
def _script(character: str) -> str | None:
    """Script of a letter by its Unicode name; None for what is no letter."""
    if not character.isalpha():
        return None
    name = unicodedata.name(character, "").lower()
    words = name.removeprefix("fullwidth ").removeprefix("halfwidth ").split()
    return words[0] if words else ""
