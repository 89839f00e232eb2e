"""Alphabets: what stays, and which letters show that a page needs another one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.words.ocr.alphabet import Alphabet, is_foreign, kept

CHARACTERS = ["", *"aZ9$éßŁș€☑", "漢", "か", "Ж", "Ω", "、", "ｦ", " "]


def test_latin_keeps_european_letters_and_common_signs() -> None:
    assert [CHARACTERS[i] for i in kept(CHARACTERS, Alphabet.LATIN)] == ["", *"aZ9$éßŁș€☑", " "]


def test_all_keeps_all() -> None:
    assert kept(CHARACTERS, Alphabet.ALL).tolist() == list(range(len(CHARACTERS)))


@pytest.mark.parametrize(
    ("character", "foreign"),
    [("漢", True), ("か", True), ("Ж", True), ("é", False), ("、", False), ("٣", False), ("", False)],
)
def test_letters_show_a_script_and_marks_do_not(character: str, foreign: bool) -> None:
    assert is_foreign(character) is foreign


@given(st.lists(st.characters(), max_size=20))
def test_no_character_that_stays_is_foreign_and_the_blank_always_stays(characters: list[str]) -> None:
    numbers = kept(["", *characters], Alphabet.LATIN)
    assert numbers[0] == 0
    assert (np.diff(numbers) > 0).all()
    assert not any(is_foreign(["", *characters][i]) for i in numbers)
