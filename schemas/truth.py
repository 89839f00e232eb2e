"""Truth: what a document really says. It travels beside the file as `<file name>.truth.json`."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from schemas.base import Record
from schemas.boxes import Box

TRUTH_SUFFIX = ".truth.json"


class TruthWord(Record):
    """One word: its text, its box and the index of its line. The order of the list is the reading order."""

    text: str
    box: Box
    line: int = Field(ge=0)


class TruthEntity(Record):
    """A form entity: a label (`question`, `answer`, `header`, `other`) over word indices of the page."""

    label: str
    words: list[int]


class PageTruth(Record):
    """Truth of one page. `links` are (question, answer) pairs of indices into `entities`."""

    words: list[TruthWord]
    lines: list[Box]
    entities: list[TruthEntity] = []
    links: list[tuple[int, int]] = []

    @model_validator(mode="after")
    def _indices_exist(self) -> Self:
        if any(word.line >= len(self.lines) for word in self.words):
            raise ValueError(f"a word names a line beyond the {len(self.lines)} that exist")
        if any(not 0 <= i < len(self.words) for entity in self.entities for i in entity.words):
            raise ValueError(f"an entity names a word beyond the {len(self.words)} that exist")
        if any(not 0 <= i < len(self.entities) for link in self.links for i in link):
            raise ValueError(f"a link names an entity beyond the {len(self.entities)} that exist")
        return self


class DocumentTruth(Record):
    """Truth of one file. `text_layer` says what the file's own text is worth."""

    kind: Literal["pagemill.truth/1"] = Field(default="pagemill.truth/1", alias="schema")
    document_type: str
    seed: int
    text_layer: Literal["right", "none", "wrong", "hidden"]
    pages: list[PageTruth]
