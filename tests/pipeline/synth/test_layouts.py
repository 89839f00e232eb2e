"""Sheets of every layout, for any seed: what is written, where, and in which order."""

from __future__ import annotations

import itertools
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.synth import TYPES, Spec, compose
from pipeline.synth.fonts import Font
from pipeline.synth.layouts.grid import Table, TableColumn, draw_table_style
from pipeline.synth.layouts.paper import GUTTER
from pipeline.synth.sheet import PlacedWord, Rectangle, Sheet
from pipeline.synth.style import Style
from pipeline.synth.truth import page_truth
from pipeline.synth.turn import Turn

SPECS = st.builds(
    Spec,
    index=st.integers(0, 10**6),
    seed=st.integers(0, (1 << 63) - 1),
    document_type=st.sampled_from(TYPES),
    variant=st.just("digital"),
    pages=st.integers(1, 3),
)
few = settings(max_examples=30, deadline=None)


def lines_of(sheet: Sheet) -> list[list[PlacedWord]]:
    return [list(words) for _, words in itertools.groupby(sheet.words, key=lambda word: word.line)]


@few
@given(SPECS, st.floats(-3, 3))
def test_any_page_has_valid_truth_with_every_word_in_exactly_one_line(spec: Spec, degrees: float) -> None:
    sheets, _ = compose(spec)
    for sheet in sheets:
        truth = page_truth(sheet, Turn(degrees, sheet.width, sheet.height))
        assert [word.text for word in truth.words] == [word.text for word in sheet.words]
        assert all(word.text.strip() == word.text and word.text for word in truth.words)
        # Lines are numbered as they are read, and each is one run of words inside its box.
        runs = [line for line, _ in itertools.groupby(word.line for word in truth.words)]
        assert runs == list(range(len(truth.lines)))
        for word in truth.words:
            x0, y0, x1, y1 = truth.lines[word.line]
            assert x0 <= word.box[0] < word.box[2] <= x1
            assert y0 <= word.box[1] < word.box[3] <= y1


@few
@given(SPECS)
def test_no_line_ever_joins_two_columns_or_two_cells(spec: Spec) -> None:
    sheets, _ = compose(spec)
    for sheet in sheets:
        for line in lines_of(sheet):
            for a, b in itertools.pairwise(line):
                assert a.baseline == b.baseline
                assert 0 < b.box[0] - a.box[2] < 1.2 * max(a.font.size, b.font.size), (a.text, b.text)


@few
@given(SPECS)
def test_words_lie_in_the_type_area_and_never_on_each_other(spec: Spec) -> None:
    sheets, style = compose(spec)
    for sheet in sheets:
        for word in sheet.words:
            x0, y0, x1, y1 = word.box
            assert style.left - 1 <= x0 < x1 <= style.edge + 1, word.text
            assert 15 < y0 < y1 < sheet.height - 15, word.text
        assert overlapping(sheet.words) == []


def overlapping(words: list[PlacedWord]) -> list[tuple[str, str]]:
    """Pairs of words whose boxes share more than the touch of two close lines."""
    found = []
    by_top = sorted(words, key=lambda word: word.box[1])
    for i, a in enumerate(by_top):
        for b in itertools.takewhile(lambda b, a=a: b.box[1] < a.box[3], by_top[i + 1 :]):
            across = min(a.box[2], b.box[2]) - max(a.box[0], b.box[0])
            down = min(a.box[3], b.box[3]) - max(a.box[1], b.box[1])
            if across > 0.5 and down > 0.12 * min(a.font.size, b.font.size):
                found.append((a.text, b.text))
    return found


def test_overlap_is_seen() -> None:
    sheet = Sheet(600, 800)
    sheet.write(50, 50, "one two", Font("Vera", 10))
    sheet.write(60, 53, "three", Font("Vera", 10))
    assert overlapping(sheet.words) == [("one", "three"), ("two", "three")]


@few
@given(SPECS)
def test_entities_are_read_question_first(spec: Spec) -> None:
    sheets, _ = compose(spec)
    for sheet in sheets:
        taken: set[int] = set()
        for entity in sheet.entities:
            assert entity.label in ("question", "answer", "header", "other")
            assert entity.words == tuple(range(entity.words[0], entity.words[-1] + 1))
            assert not taken & set(entity.words)
            taken |= set(entity.words)
        for question, answer in sheet.links:
            assert (sheet.entities[question].label, sheet.entities[answer].label) == ("question", "answer")
            assert sheet.entities[question].words[-1] < sheet.entities[answer].words[0]
    if spec.document_type in ("form", "invoice"):
        assert any(sheet.links for sheet in sheets)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**9), st.sampled_from([("paper2", 2), ("paper3", 3)]), st.integers(1, 2))
def test_papers_are_read_column_by_column(seed: int, kind: tuple[str, int], pages: int) -> None:
    sheets, style = compose(Spec(index=0, seed=seed, document_type=kind[0], variant="digital", pages=pages))
    for page, sheet in enumerate(sheets):
        order = [
            (*_column_of(line, style, kind[1]), line[0].baseline) for line in lines_of(sheet) if _is_body(line, style)
        ]
        assert order == sorted(order)
        assert {column for column, _ in order} == set(range(kind[1]))
        if page == 0:
            starred = next(i for i, line in enumerate(lines_of(sheet)) if line[0].text == "*")
            before = [
                _column_of(line, style, kind[1])[0] for line in lines_of(sheet)[:starred] if _is_body(line, style)
            ]
            after = [_column_of(line, style, kind[1])[0] for line in lines_of(sheet)[starred:] if _is_body(line, style)]
            assert set(before) == {0}
            assert 0 not in after


def _is_body(line: list[PlacedWord], style: Style) -> bool:
    return all(word.font == style.body for word in line)


def _column_of(line: list[PlacedWord], style: Style, count: int) -> tuple[int]:
    """The column that a line lies in, which it must not leave."""
    width = (style.measure - (count - 1) * GUTTER) / count
    column = int((line[0].x - style.left + 1) // (width + GUTTER))
    assert line[-1].box[2] <= style.left + column * (width + GUTTER) + width + 1
    return (column,)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**9))
def test_a_headline_runs_across_the_columns(seed: int) -> None:
    (sheet, *_), style = compose(Spec(index=0, seed=seed, document_type="paper2", variant="digital"))
    headline = [word for word in sheet.words if word.font.size > 1.6 * style.body.size]
    middle = style.left + style.measure / 2
    assert headline[0].box[0] < middle < max(word.box[2] for word in headline)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**9))
def test_a_sidebar_is_read_after_the_main_text(seed: int) -> None:
    (sheet, *_), style = compose(Spec(index=0, seed=seed, document_type="sidebar", variant="digital"))
    (frame,) = [shape.frame for shape in sheet.shapes if isinstance(shape, Rectangle) and shape.fill]
    inside = [
        i for i, word in enumerate(sheet.words) if frame[0] <= word.x < frame[2] and frame[1] <= word.box[1] < frame[3]
    ]
    main = [i for i, word in enumerate(sheet.words) if word.font == style.body]
    assert inside == list(range(inside[0], inside[-1] + 1))
    assert max(main) < inside[0]


def test_a_table_is_read_row_by_row_and_cell_by_cell() -> None:
    sheet = Sheet(600, 800)
    columns = [TableColumn("What", 1), TableColumn("How many", 1, "right")]
    style = draw_table_style(Random(1), Font("Vera", 10), (0, 0, 0))
    table = Table(sheet, 50, 50, 150, columns, style)
    table.head()
    table.row(["a cell that needs lines", "12"])
    table.row(["short", "3"])
    table.close()
    assert " ".join(word.text for word in sheet.words) == "What How many a cell that needs lines 12 short 3"
    cells = {word.text: word for word in sheet.words}
    assert cells["12"].baseline < cells["lines"].baseline < cells["short"].baseline
    assert cells["12"].line == cells["lines"].line + 1
    assert cells["12"].box[2] == pytest.approx(cells["3"].box[2])


@pytest.mark.parametrize("document_type", TYPES)
def test_documents_differ_from_seed_to_seed(document_type: str) -> None:
    def words(index: int) -> list[str]:
        sheets, _ = compose(Spec(index=index, seed=0, document_type=document_type, variant="digital"))
        return [word.text for sheet in sheets for word in sheet.words]

    assert len({tuple(words(index)) for index in range(6)}) == 6
    assert min(len(words(index)) for index in range(6)) >= 30
