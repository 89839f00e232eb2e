"""Words as they were read, and what the record of their page says of them: order, lines, blocks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.order import arrange, letters_of
from schemas.boxes import to_tuples
from schemas.page import Engine, Lines, Page, Route, Words

GIVEN = "given"  # name of the engine of words that came with their document
# Factors that make one number of a box's four, 0..1000 each, which sorts as they do.
_PLACES = np.array([1 << 30, 1 << 20, 1 << 10, 1])


def lay_out(
    text: list[str],
    box: NDArray[np.int32],
    confidence: list[float],
    source_line: list[int],
    size: tuple[int, int],
    route: Route,
    engine: Engine,
) -> tuple[Words, Lines]:
    """Words in reading order and their lines, from words with boxes (N x 4, 0..1000) on a page of `size` pixels.

    The order in which they are given says nothing.
    """
    given = _in_one_order(text, box, confidence, source_line)
    boxes, texts = to_tuples(box[given]), [text[i] for i in given]
    # A detector's lines are lines; what other sources call one may be a paragraph.
    own_lines = [source_line[i] for i in given] if route is Route.OCR and engine.name != GIVEN else None
    layout = arrange(boxes, size[0] / size[1], own_lines, letters_of(texts))
    words = Words(
        text=[texts[k] for k in layout.order],
        box=[boxes[k] for k in layout.order],
        line=layout.line,
        confidence=[confidence[given[k]] for k in layout.order],
        source_line=[source_line[given[k]] for k in layout.order],
    )
    return words, Lines(box=layout.line_box, block=layout.block)


def _in_one_order(
    text: list[str], box: NDArray[np.int32], confidence: list[float], source_line: list[int]
) -> list[int]:
    """Indices of the words in an order that does not depend on the one that they are given in."""
    key = box.astype(np.int64) @ _PLACES
    order = np.argsort(key)
    if np.diff(key[order]).all():
        found: list[int] = order.tolist()
        return found
    return sorted(range(len(text)), key=lambda i: (box[i].tolist(), text[i], source_line[i], confidence[i]))


def laid_out_again(page: Page) -> Page:
    """The page with the lines and the order that are made of its words today; all else as it is."""
    old = page.words
    box = np.array(old.box, dtype=np.int32).reshape(-1, 4)
    words, lines = lay_out(old.text, box, old.confidence, old.source_line, page.size, page.route, page.engine)
    return page.model_copy(update={"words": words, "lines": lines})
