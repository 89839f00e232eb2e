"""What a record says of its words: their order and lines, made once or made again."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ingest.layout import GIVEN, laid_out_again, lay_out
from schemas.boxes import BoxTuple
from schemas.page import DocumentRef, Engine, Orientation, Page, Route, page_key

SHA = "ab" * 32
TWO_COLUMNS: list[BoxTuple] = [
    (x, y, x + width, y + 20)
    for y in range(100, 500, 30)
    for left in (60, 560)
    for x, width in ((left, 120 + 2 * y // 5), (left + 130 + 2 * y // 5, 250 - 2 * y // 5))
]  # fmt: skip


def _page(
    box: Sequence[BoxTuple],
    *,
    source_line: list[int] | None = None,
    route: Route = Route.OCR,
    engine: str = "rapidocr",
    text: list[str] | None = None,
) -> Page:
    name = Engine(name=engine, version="1", models={}, config="0" * 64)
    text = text or [f"w{i}" for i in range(len(box))]
    confidence = [(i % 10) / 10 for i in range(len(box))]
    words, lines = lay_out(
        text,
        np.array(box, np.int32).reshape(-1, 4),
        confidence,
        source_line or [0] * len(box),
        (750, 1000),
        route,
        name,
    )
    return Page(
        key=page_key(SHA, 0),
        document=DocumentRef(sha256=SHA, uri="a.pdf", pages=1),
        page=0,
        size=(750, 1000),
        route=route,
        reason="scan",
        features={},
        orientation=Orientation(),
        engine=name,
        words=words,
        lines=lines,
    )


def test_lines_of_an_engine_are_kept_and_others_are_made() -> None:
    crossing = [i // 4 for i in range(len(TWO_COLUMNS))]  # as a paragraph's number might: across both columns
    assert len(_page(TWO_COLUMNS, source_line=crossing).lines.box) == 14
    assert len(_page(TWO_COLUMNS, source_line=crossing, engine=GIVEN).lines.box) == 28
    assert len(_page(TWO_COLUMNS, source_line=crossing, route=Route.TEXT_LAYER).lines.box) == 28
    assert len(_page(TWO_COLUMNS, source_line=crossing, route=Route.MIXED).lines.box) == 28


def test_each_word_keeps_what_is_its_own() -> None:
    text = [f"w{i}" for i in range(len(TWO_COLUMNS))]
    random.Random(1).shuffle(text)
    words = _page(TWO_COLUMNS, text=text, route=Route.TEXT_LAYER).words
    read = dict(zip(text, TWO_COLUMNS, strict=True))
    sure = {name: (i % 10) / 10 for i, name in enumerate(text)}
    assert words.text != text, "the left column comes first"
    assert [read[name] for name in words.text] == [tuple(box) for box in words.box]
    assert [sure[name] for name in words.text] == words.confidence


def test_a_page_in_another_order_is_put_right_and_nothing_else_changes() -> None:
    right = _page(TWO_COLUMNS, route=Route.TEXT_LAYER)
    by_rows = sorted(range(len(TWO_COLUMNS)), key=lambda i: (right.words.box[i][1], right.words.box[i][0]))
    words = right.words.model_copy(
        update={
            name: [getattr(right.words, name)[i] for i in by_rows]
            for name in ("text", "box", "confidence", "source_line")
        }
        | {"line": [i // 4 for i in range(len(by_rows))]}
    )
    rows = right.lines.model_copy(
        update={"box": [(60, y, 940, y + 20) for y in range(100, 500, 30)], "block": [0] * 14}
    )  # fmt: skip
    wrong = Page.model_validate(right.model_copy(update={"words": words, "lines": rows}).model_dump(by_alias=True))
    assert wrong != right
    assert laid_out_again(wrong) == right


BOX = st.tuples(st.integers(0, 900), st.integers(0, 900), st.integers(0, 100), st.integers(0, 60)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)
TEXT = st.sampled_from(["word", "12", "שלום", "سلام", "文", "。", "-"])
WORDS = st.lists(st.tuples(BOX, TEXT, st.integers(0, 5)), max_size=25)


@given(WORDS, st.sampled_from([Route.OCR, Route.TEXT_LAYER]), st.randoms())
def test_any_page_is_a_record_that_is_the_same_again_and_from_words_in_any_order(
    found: list[tuple[BoxTuple, str, int]], route: Route, chance: random.Random
) -> None:
    def made(rows: list[tuple[BoxTuple, str, int]]) -> Page:
        box, text, line = ([row[i] for row in rows] for i in range(3))
        page = _page(box, text=text, source_line=line, route=route)
        words = page.words.model_copy(update={"confidence": [1.0] * len(rows)})
        return Page.model_validate(page.model_copy(update={"words": words}).model_dump(by_alias=True))

    page = made(found)
    assert sorted(zip(page.words.box, page.words.text, page.words.source_line)) == sorted(found)
    assert laid_out_again(page) == page
    shuffled = list(found)
    chance.shuffle(shuffled)
    assert made(shuffled) == page
