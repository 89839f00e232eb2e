"""Words as they were read, and what the record of their page says of them: order, lines, blocks."""

from __future__ import annotations

from pipeline.order import arrange, letters_of
from schemas.boxes import BoxTuple
from schemas.page import Engine, Lines, Page, Route, Words

GIVEN = "given"  # name of the engine of words that came with their document


def lay_out(
    text: list[str],
    box: list[BoxTuple],
    confidence: list[float],
    source_line: list[int],
    size: tuple[int, int],
    route: Route,
    engine: Engine,
) -> tuple[Words, Lines]:
    """Words in reading order and their lines, from words with boxes 0..1000 on a page of `size` pixels.

    The order in which they are given says nothing.
    """
    given = sorted(range(len(text)), key=lambda i: (box[i], text[i], source_line[i], confidence[i]))
    # A detector's lines are lines; what other sources call one may be a paragraph.
    own_lines = [source_line[i] for i in given] if route is Route.OCR and engine.name != GIVEN else None
    layout = arrange([box[i] for i in given], size[0] / size[1], own_lines, letters_of([text[i] for i in given]))
    order = [given[i] for i in layout.order]
    words = Words(
        text=[text[i] for i in order],
        box=[box[i] for i in order],
        line=layout.line,
        confidence=[confidence[i] for i in order],
        source_line=[source_line[i] for i in order],
    )
    return words, Lines(box=layout.line_box, block=layout.block)


def laid_out_again(page: Page) -> Page:
    """The page with the lines and the order that are made of its words today; all else as it is."""
    old = page.words
    words, lines = lay_out(
        old.text, old.box, old.confidence, old.source_line, page.size, page.route, page.engine
    )  # fmt: skip
    return page.model_copy(update={"words": words, "lines": lines})
