"""What is asked of texts: which way their letters run."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.order import letters_of


def test_ordinary_pages_say_nothing() -> None:
    for texts in ([], ["plain"], ["caf\u00e9", "\u201cquoted\u201d", "\u03b1\u03b2", "\u0416", "\u2022"]):
        assert letters_of(texts) is None


def test_letters_are_counted_by_direction() -> None:
    found = letters_of(["\u05e9\u05dca1.", "\u6587\u306f", "\u0633\u0664", "\uac00\uff21"])
    assert found is not None
    assert found.tolist() == [[1, 2, 1, 0], [0, 0, 0, 2], [0, 1, 1, 0], [0, 0, 0, 2]]


@given(st.lists(st.text(max_size=5), max_size=10))
def test_any_texts_have_a_row_each(texts: list[str]) -> None:
    found = letters_of(texts)
    if found is not None:
        assert found.shape == (len(texts), 4)
        assert (found.sum(axis=1) <= [len(text) for text in texts]).all()
