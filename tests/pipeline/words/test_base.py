"""Text as it is stored."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.words.base import clean, no_words

ANY = st.text(
    st.characters(codec=None)
    | st.sampled_from("e\u0301\u200d\u00ad \u1100\u1161\ud800\ue000\x02\ufb01\ufdfa\ufefb\ufe70\ufdd0\U0001ffff")
)


@given(ANY)
def test_any_text_is_stored_in_one_form_without_space_or_control(text: str) -> None:
    stored = clean(text)
    assert clean(stored) == stored
    assert unicodedata.is_normalized("NFC", stored)
    assert stored.split() in ([], [stored])
    assert not {unicodedata.category(c) for c in stored} & {"Cc", "Cf", "Cn", "Co", "Cs"}
    assert stored.encode().decode() == stored


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("word", "word"),
        ("cafe\u0301", "caf\u00e9"),
        ("e\u200d\u0301", "\u00e9"),
        ("co\u00adoperate", "cooperate"),
        (" a b\tc\u00a0", "abc"),
        ("\ufeff\x00\x02", ""),
        ("\ue000", ""),
        ("a\ud800b\udfff", "a\ufffdb\ufffd"),
        ("\ufdd0\uffff\U0010fffe", "\ufffd" * 3),
        ("o\ufb03ce", "office"),
        ("\ufefb\ufe8e", "\u0644\u0627\u0627"),
        ("\ufe70", "\u064b"),
        ("\ufdfa", "\ufdfa"),
        ("e\u2011mail", "e-mail"),
        ("x\u00b2 \u2460\uff21\u2126", "x\u00b2\u2460\uff21\u03a9"),
        ("\U0001d538\u6587", "\U0001d538\u6587"),
        ("", ""),
    ],
)
def test_examples(text: str, stored: str) -> None:
    assert clean(text) == stored


def test_no_words_have_boxes_of_the_right_shape() -> None:
    assert len(no_words()) == 0
    assert no_words().box.shape == (0, 4)
