"""Where two extractors disagree: pairs, disagreements, and each kind by its rule, from tiny hand-made pages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.pages.base import Chars
from pipeline.scores.agreement import Disagreement, Kind, Reading, disagreements, kind_of, pair
from pipeline.words.base import WordList

Glyph = tuple[str, float, float, float, float]  # text, left, top, right, bottom in thousandths
WIDTH = 10.0


def reading(*words: Sequence[Glyph], blanks: bool = True, hidden: bool = False) -> Reading:
    """Words of glyphs, with blanks between them that are nowhere."""
    code, box, texts, frames = [], [], [], []
    for word in words:
        if code and blanks:
            code.append(0x20)
            box.append((0.0,) * 4)
        for text, *place in word:
            code.append(ord(text))
            box.append(tuple(value / 1000 for value in place))
        corners = np.array([place for _, *place in word]) / 1000
        texts.append("".join(text for text, *_ in word))
        frames.append([*corners[:, :2].min(axis=0), *corners[:, 2:].max(axis=0)])
    chars = Chars(
        np.array(code, np.uint32),
        np.array(box, np.float32).reshape(-1, 4),
        np.array([hidden and c > 0x20 for c in code]),
    )
    count = len(texts)
    return Reading(WordList(texts, np.array(frames).reshape(-1, 4), [1.0] * count, [0] * count), chars)


def row(text: str, left: float = 100, top: float = 100, step: float = WIDTH, height: float = 20) -> list[Glyph]:
    """A word whose characters stand beside each other."""
    return [(c, left + step * at, top, left + step * at + WIDTH - 1, top + height) for at, c in enumerate(text)]


def down(text: str) -> list[Glyph]:
    """A word that runs down."""
    return [(c, 100, 100 + 20 * at, 110, 118 + 20 * at) for at, c in enumerate(text)]


def only(first: Reading, second: Reading) -> tuple[Kind, Disagreement]:
    """The kind of the only disagreement; from the other side it is the same."""
    found = disagreements(first.words, second.words, pair(first.words, second.words))
    assert len(found) == 1, found
    kind = kind_of(found[0], first, second)
    assert kind_of(Disagreement(found[0].second, found[0].first), second, first) is kind
    return kind, found[0]


LOW, HIGH = (",", 120.0, 116.0, 124.0, 122.0), ("\u201d", 126.0, 100.0, 130.0, 106.0)
SUBTLE = [("1", 100.0, 100.0, 109.0, 120.0), ("t", 110.0, 100.0, 115.0, 110.0), ("h", 115.0, 100.0, 120.0, 110.0)]
CASES = {
    Kind.UNMAPPED: (reading(row("a\u2022")), reading(row("a\ufffd"))),
    Kind.OVERLAP: (reading(row("Name"), row("Wing", 103)), reading(row("Name"), row("Wine", 103))),
    Kind.RULE: (reading(*[row("-", 100 + 10 * at) for at in range(8)]), reading(row("--------"))),
    Kind.TURNED: (reading(*[[glyph] for glyph in down("down")]), reading(down("down"))),
    Kind.SPACED: (reading(*[row(c, 100 + 15 * at) for at, c in enumerate("PACT")]), reading(row("PACT", step=15))),
    Kind.RAISED: (reading(SUBTLE[:1], SUBTLE[1:]), reading(SUBTLE)),
    Kind.APART_IN_HEIGHT: (
        reading([*row("ab"), LOW], [HIGH], blanks=False),
        reading([*row("ab"), (",", 120, 100, 124, 120), ("\u201d", 126, 100, 130, 120)]),
    ),
    Kind.BLANK: (reading(row("any"), row("one", 130)), reading(row("anyone"))),
    Kind.GAP: (reading(row("any"), row("one", 130), blanks=False), reading(row("anyone"))),
    Kind.LIGATURE: (reading(row("\ufb01ne")), reading(row("fine"))),
    Kind.HYPHEN: (reading(row("co\u00adop")), reading(row("coop"))),
    Kind.ORDER: (reading(row("shalom")), reading(row("molahs"))),
    Kind.TWICE: (reading(row("BBoolldd", step=5)), reading(row("Bold"))),
    Kind.MORE: (reading(row("word.")), reading(row("word"))),
    Kind.SUBSTITUTE: (reading(row("[\u25cf]")), reading(row("[l]"))),
    Kind.INVISIBLE: (reading(row("seen")), reading(row("seen"), row("not", 500), hidden=True)),
    Kind.OUTSIDE: (reading(row("a")), reading(row("a"), row("edge", 980))),
    Kind.SIGN: (reading(row("a")), reading(row("a"), row("\u2014", 500))),
    Kind.OTHER: (reading(row("a")), reading(row("a"), row("more", 500))),
}


@pytest.mark.parametrize("kind", CASES)
def test_each_kind_has_its_rule_from_either_side(kind: Kind) -> None:
    first, second = CASES[kind]
    assert only(first, second)[0] is kind


def test_every_kind_has_a_case() -> None:
    assert set(CASES) | {Kind.ELSEWHERE} == set(Kind)


def test_a_word_that_stands_elsewhere_is_two_disagreements_of_one_kind() -> None:
    first, second = reading(row("here", 100)), reading(row("here", 145))
    found = disagreements(first.words, second.words, [])
    assert [(one.first, one.second) for one in found] == [([0], []), ([], [0])]
    assert {kind_of(one, first, second) for one in found} == {Kind.ELSEWHERE}


def test_words_pair_with_the_one_that_they_lie_on() -> None:
    first = reading(row("no"), row("no", 150), row("no", 800))
    second = reading(row("no", 152), row("no", 98), row("yes", 300))
    assert sorted(pair(first.words, second.words)) == [(0, 1), (1, 0)]
    assert [(one.first, one.second) for one in disagreements(first.words, second.words, [(0, 1), (1, 0)])] == [
        ([2], []),
        ([], [2]),
    ]


def test_letters_in_another_case_or_form_are_no_pair() -> None:
    assert pair(reading(row("A")).words, reading(row("a")).words) == []
    assert pair(reading(row("\ufb01")).words, reading(row("fi")).words) == []


WORDS = st.lists(
    st.tuples(st.text("ab-\ufffd\u00ad.", min_size=1, max_size=4), st.integers(0, 950), st.integers(0, 950)), max_size=8
)


def page(words: list[tuple[str, int, int]]) -> Reading:
    return reading(*[row(text, left, top) for text, left, top in words])


@given(WORDS, WORDS)
def test_any_two_pages_share_out_all_their_words(
    ours: list[tuple[str, int, int]], theirs: list[tuple[str, int, int]]
) -> None:
    first, second = page(ours), page(theirs)
    pairs = pair(first.words, second.words)
    assert len({a for a, _ in pairs}) == len(pairs) == len({b for _, b in pairs})
    for a, b in pairs:
        assert first.words.text[a] == second.words.text[b]
        here, there = first.words.box[a], second.words.box[b]
        assert (np.minimum(here[2:], there[2:]) - np.maximum(here[:2], there[:2]) >= -1e-5).all()
    found = disagreements(first.words, second.words, pairs)
    assert sorted([a for a, _ in pairs] + [at for one in found for at in one.first]) == list(range(len(ours)))
    assert sorted([b for _, b in pairs] + [at for one in found for at in one.second]) == list(range(len(theirs)))
    for one in found:
        assert one.first or one.second
        assert kind_of(one, first, second) in Kind


@given(WORDS)
def test_any_page_agrees_with_itself(words: list[tuple[str, int, int]]) -> None:
    whole = page(words)
    pairs = pair(whole.words, whole.words)
    assert len(pairs) == len(words)
    assert disagreements(whole.words, whole.words, pairs) == []


def test_pages_without_words_agree() -> None:
    empty = reading()
    assert pair(empty.words, empty.words) == []
    assert disagreements(empty.words, empty.words, []) == []
    assert disagreements(empty.words, reading(row("a")).words, []) == [Disagreement([], [0])]
