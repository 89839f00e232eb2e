"""The same lines in another order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.order import ALGORITHMS, DEFAULT, arrange
from pipeline.scores.again import lines_of, order_truth, order_words
from pipeline.scores.page import score_order
from pipeline.scores.truths import Truth, TruthFormat
from pipeline.scores.truths.synth import of_page
from pipeline.synth import TYPES, Spec, make

BOX = st.tuples(*[st.integers(0, 980)] * 2).map(lambda b: (b[0], b[1], b[0] + 20, b[1] + 10))
algorithms = pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))


@algorithms
@given(boxes=st.lists(BOX, max_size=20), seed=st.randoms(use_true_random=False))
def test_any_words_in_any_lines_come_once_and_stay_in_their_lines(
    algorithm: str, boxes: list[tuple[int, int, int, int]], seed: object
) -> None:
    line = [seed.randrange(4) for _ in boxes]  # type: ignore[attr-defined]
    order = order_words(boxes, line, 0.77, algorithm)
    assert sorted(order) == list(range(len(boxes)))
    runs = [line[order[0]]] if order else []
    runs += [line[b] for a, b in zip(order, order[1:]) if line[a] != line[b]]
    assert len(runs) == len(set(runs))
    for number in runs:
        inside = [i for i in order if line[i] == number]
        assert inside == sorted(inside)  # as they were given


@pytest.mark.parametrize("kind", TYPES)
def test_the_lines_of_a_record_are_put_in_its_own_order_again(kind: str) -> None:
    page = make(Spec(index=3, seed=2, document_type=kind, variant="digital", pages=1)).truth.pages[0]
    boxes = [word.box for word in page.words]
    layout = arrange(boxes, 0.77)
    recorded = [boxes[i] for i in layout.order]
    assert order_words(recorded, layout.line, 0.77, DEFAULT) == list(range(len(boxes)))
    assert len(set(lines_of(boxes, 0.77).tolist())) == len(layout.line_box)


@algorithms
def test_a_letter_is_read_exactly_from_its_true_boxes(algorithm: str) -> None:
    made = make(Spec(index=0, seed=1, document_type="letter", variant="digital", pages=1))
    true = of_page(made.truth.pages[0])
    assert score_order(order_truth(true, 0.77, algorithm), true).successors.f1 > 0.97


def test_units_are_put_in_order_as_they_are() -> None:
    units = Truth(
        format=TruthFormat.ROOR,
        texts=["low", "down", "high"],
        boxes=[(0, 100, 10, 110), (15, 100, 25, 110), (0, 0, 10, 10)],
        unit=[0, 0, 1],
        unit_boxes=[(0, 100, 30, 110), (0, 0, 10, 10)],
        relations=[(1, 0)],
    )
    assert order_truth(units, 0.77, "lrtb") == [2, 0, 1]


@algorithms
def test_no_words(algorithm: str) -> None:
    empty = Truth(format=TruthFormat.DOCBANK, texts=[], boxes=[], unit=[], unit_boxes=[], chain=True)
    assert order_truth(empty, 0.77, algorithm) == order_words([], [], 0.77, algorithm) == []
    assert lines_of([], 0.77).tolist() == []
