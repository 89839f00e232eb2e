"""The page record: one page's words, lines and provenance, as stored in a page shard's `{key}.json`."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from schemas.base import Record
from schemas.boxes import Boxes
from schemas.truth import PageTruth

PAGE_SCHEMA = "pagemill.page/1"
KEY_PATTERN = re.compile(r"[0-9a-f]{16}-[0-9]{5,}")

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def page_key(sha256: str, page: int) -> str:
    """Sample key: the first 16 hexadecimal digits of the document's SHA-256 and the page (5 digits, from 0)."""
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise ValueError(f"sha256 must be 64 hexadecimal digits, got {sha256!r}")
    if page < 0:
        raise ValueError(f"page must not be negative, got {page}")
    return f"{sha256[:16]}-{page:05d}"


class Route(StrEnum):
    """Where a page's words came from."""

    TEXT_LAYER = "text-layer"
    OCR = "ocr"
    MIXED = "mixed"


class DocumentRef(Record):
    """Which file a page is of."""

    sha256: Sha256
    uri: str
    pages: PositiveInt


class Engine(Record):
    """What read the words: name, version, digest of each model file, digest of the configuration."""

    name: str
    version: str
    models: dict[str, str]
    config: str


class Orientation(Record):
    """What was done to bring the page upright, in degrees clockwise: what the source itself asked for, the quarters
    beyond that, and by how much it was levelled then.
    """

    declared: Literal[0, 90, 180, 270] = 0
    turned: Literal[0, 90, 180, 270] = 0
    skew: Annotated[float, Field(gt=-45, lt=45)] = 0.0

    def __str__(self) -> str:
        parts = ((self.declared, "as the file says"), (self.turned, "as it lay"), (self.skew, "as it leaned"))
        return ", ".join(f"{degrees:g} {why}" for degrees, why in parts if degrees) or "0"


class Words(Record):
    """Words in reading order; all lists have one entry per word."""

    text: list[str]
    box: Boxes
    line: list[int]
    confidence: list[Annotated[float, Field(ge=0, le=1)]]
    source_line: list[int]

    @model_validator(mode="after")
    def _same_lengths(self) -> Self:
        sizes = {name: len(getattr(self, name)) for name in type(self).model_fields}
        if len(set(sizes.values())) != 1:
            raise ValueError(f"lists of different lengths: {sizes}")
        if not all(map(str.strip, self.text)):
            raise ValueError("a word without text")
        return self


class Lines(Record):
    """Lines in reading order, each with its box and the index of its block."""

    box: Boxes
    block: list[int]


class Page(Record):
    """One page as stored; raises ValueError if words and lines do not fit together."""

    kind: Literal["pagemill.page/1"] = Field(default="pagemill.page/1", alias="schema")
    key: Annotated[str, Field(pattern=f"^{KEY_PATTERN.pattern}$")]
    document: DocumentRef
    page: Annotated[int, Field(ge=0)]
    size: tuple[PositiveInt, PositiveInt]
    route: Route
    reason: str
    features: dict[str, float]
    orientation: Orientation
    engine: Engine
    words: Words
    lines: Lines
    truth: PageTruth | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.key != page_key(self.document.sha256, self.page):
            raise ValueError(f"key {self.key} is not that of page {self.page} of {self.document.sha256[:16]}")
        if self.page >= self.document.pages:
            raise ValueError(f"page {self.page} of a document of {self.document.pages}")
        if len(self.lines.box) != len(self.lines.block):
            raise ValueError("lines: lists of different lengths")
        # In reading order every line is one run of words, and runs are numbered as they come.
        runs = [b for a, b in zip([None, *self.words.line], self.words.line, strict=False) if a != b]
        if runs != list(range(len(self.lines.box))):
            raise ValueError("words.line must run through the lines in order, leaving none out")
        return self
