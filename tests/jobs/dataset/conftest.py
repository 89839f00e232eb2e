"""Datasets through stories, of pages made by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from support.stories import Story

from pipeline.ingest.page import MadePage
from pipeline.order import arrange
from pipeline.pages import encode_picture
from pipeline.shards.files import Store
from schemas.base import sha256_hex
from schemas.page import DocumentRef, Engine, Lines, Orientation, Page, Route, Words, page_key


@dataclass(frozen=True)
class Document:
    """A document of some words a page."""

    name: str
    pages: Sequence[Sequence[str]]

    @property
    def sha256(self) -> str:
        return sha256_hex(self.name.encode())

    def page(self, index: int) -> MadePage:
        """A finished page, with its words in a row."""
        text = self.pages[index]
        boxes = [(60 + 150 * i, 40, 180 + 150 * i, 62) for i in range(len(text))]
        layout = arrange(boxes, 0.75)
        grey = np.full((80, 60), int(self.sha256[2 * index : 2 * index + 2], 16), np.uint8)
        picture = encode_picture(grey, 1000, bilevel=False)
        record = Page(
            key=page_key(self.sha256, index),
            document=DocumentRef(sha256=self.sha256, uri="/elsewhere.pdf", pages=len(self.pages)),
            page=index,
            size=picture.size,
            route=Route.TEXT_LAYER,
            reason="text-is-good",
            features={},
            orientation=Orientation(),
            engine=Engine(name="by-hand", version="1", models={}, config="0" * 64),
            words=Words(
                text=[text[i] for i in layout.order],
                box=[boxes[i] for i in layout.order],
                line=layout.line,
                confidence=[1.0] * len(text),
                source_line=[0] * len(text),
            ),
            lines=Lines(box=layout.line_box, block=layout.block),
        )
        return MadePage(record, picture)


@pytest.fixture
def story(tmp_path: Path) -> Callable[[str], Story]:
    """`story(name)`: an empty dataset."""
    return lambda name: Story(Store(str(tmp_path / name)), Document)


@pytest.fixture(scope="session")
def document() -> type[Document]:
    """What stories make their pages of."""
    return Document
