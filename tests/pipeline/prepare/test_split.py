"""The held-out split: near-duplicates on one side, whatever the order, the partitions and later generations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.shelves import index_of

from pipeline.prepare.split import (
    EDGE,
    NEITHER,
    SIDES,
    Edges,
    Records,
    Split,
    band_records,
    drawn_side,
    edges_of,
    partitioned,
    sides_of,
    split_table,
)
from pipeline.prepare.tim import FEW_WORDS, Candidate
from pipeline.shards.hashes import minhash, similarity

TRAIN, HELD_OUT = SIDES


def _page(number: int, words: list[str]) -> Candidate:
    return Candidate(0, number, f"{number:016x}-00000", f"{number:016x}", len(words), minhash(words), 0)


def _text(name: str, count: int = 60) -> list[str]:
    return [f"{name} {i}" for i in range(count)]


def _records(pages: list[Candidate], generation: int = 0) -> Records:
    return band_records(index_of(pages), generation, FEW_WORDS)


def _pairs(edges: Edges) -> set[tuple[int, int]]:
    return {(int(edge["a"]), int(edge["b"])) for edge in edges}


def _edges(*pairs: tuple[int, int, int, int]) -> list[Edges]:
    return [np.array(list(pairs), dtype=EDGE)]


def test_pages_that_say_the_same_are_linked() -> None:
    text = _text("a")
    pages = [_page(1, text), _page(2, [*text[:56], *_text("z", 4)]), _page(3, _text("b")), _page(4, text[:30])]
    assert similarity(pages[0].minhash, pages[3].minhash) < 0.6
    linked = _pairs(edges_of(_records(pages)))
    assert (1, 2) in linked
    assert not any(3 in pair for pair in linked)
    assert edges_of(_records([])).tolist() == []


def test_pages_of_few_words_link_nothing() -> None:
    assert not len(edges_of(_records([_page(i, _text("same", FEW_WORDS - 1)) for i in range(5)])))


def test_pages_of_one_document_are_no_pair() -> None:
    assert not len(edges_of(_records([_page(1, _text("a")), _page(1, _text("a"))])))


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40)), min_size=2, max_size=12), st.integers(1, 7))
def test_any_near_duplicates_are_found_in_any_partitions(changes: list[tuple[int, int]], partitions: int) -> None:
    pages = [
        _page(i, [*_text(f"text {which}")[cut:], *_text(f"own {i}", cut)]) for i, (which, cut) in enumerate(changes)
    ]
    records = np.concatenate([_records([page], i % 3) for i, page in enumerate(pages)])
    parts = partitioned(records, partitions)
    assert sum(len(part) for part in parts) == len(records)
    sides = sides_of(map(edges_of, parts), 0.5)
    assert sides == sides_of([edges_of(records)], 0.5) == sides_of([edges_of(records[::-1])], 0.5)
    for a in pages:
        for b in pages:
            # At the very threshold one pair in ten thousand shares no band.
            if a.row < b.row and similarity(a.minhash, b.minhash) >= 0.6:
                there = {sides[int(page.document, 16)] for page in (a, b)}
                assert len(there) == 1 or NEITHER in there
    # The sides of the first generations are the same before the last one comes.
    before = sides_of([edges_of(records[records["generation"] < 2])], 0.5)
    assert {document: sides[document] for document in before} == before


def test_a_group_of_thousands_is_linked() -> None:
    pages = [_page(i, _text("boilerplate")) for i in range(1000)]
    edges = edges_of(_records(pages))
    assert len(edges) == 999
    sides = sides_of([edges], 0.5)
    assert len(sides) == 1000
    assert len(set(sides.values())) == 1


@given(
    st.lists(st.tuples(st.integers(0, 15), st.integers(0, 15)), max_size=30),
    st.sampled_from([0.0, 0.3, 0.5, 1.0]),
    st.randoms(),
)
def test_any_cluster_lies_on_one_side(pairs: list[tuple[int, int]], fraction: float, random: object) -> None:
    edges = [(min(p), 0, max(p), 0) for p in pairs if p[0] != p[1]]
    shuffled = list(edges)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    sides = sides_of(_edges(*edges), fraction)
    assert sides == sides_of([*_edges(*shuffled[::2]), *_edges(*shuffled[1::2])], fraction)
    assert set(sides) == {end for a, _, b, _ in edges for end in (a, b)}
    for a, _, b, _ in edges:
        assert sides[a] == sides[b] != NEITHER


def _held_out(fraction: float, start: int = 0) -> int:
    """The first number from `start` whose own draw holds it out."""
    return next(n for n in range(start, 10_000) if drawn_side(n, fraction) == HELD_OUT)


def test_a_later_document_goes_where_its_likes_lie() -> None:
    old = _held_out(0.1, 500)
    new = next(n for n in range(500) if drawn_side(n, 0.1) == TRAIN)  # it would stand for the cluster
    assert sides_of(_edges((new, 1, old, 0)), 0.1) == {old: HELD_OUT, new: HELD_OUT}


def test_a_document_that_is_like_both_sides_lies_on_neither() -> None:
    kept, out = next(n for n in range(500) if drawn_side(n, 0.1) == TRAIN), _held_out(0.1, 500)
    sides = sides_of(_edges((kept, 0, 9999, 1), (out, 0, 9999, 1)), 0.1)
    assert sides == {kept: TRAIN, out: HELD_OUT, 9999: NEITHER}
    # It says nothing about those that come after it.
    more = sides_of(_edges((kept, 0, 9999, 1), (out, 0, 9999, 1), (9999, 1, 10_000, 2)), 0.1)
    assert more == {**sides, 10_000: NEITHER}


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=20), st.integers(0, 3))
def test_sides_of_earlier_generations_never_change(pairs: list[tuple[int, int]], until: int) -> None:
    """Document n comes with generation n mod 4."""
    edges = [(min(p), min(p) % 4, max(p), max(p) % 4) for p in pairs if p[0] != p[1]]
    early = sides_of(_edges(*(e for e in edges if max(e[1], e[3]) <= until)), 0.5)
    late = sides_of(_edges(*edges), 0.5)
    assert {document: late[document] for document in early} == early
    for document, side in late.items():
        if document % 4 <= until and document not in early:
            assert side == drawn_side(document, 0.5)  # as it was taken when it was like no other


def test_a_split_says_every_side() -> None:
    sides = {7: HELD_OUT, 3: TRAIN, 2**64 - 1: NEITHER}
    split = Split(split_table(sides), 0.3)
    for document, side in sides.items():
        assert split.side(f"{document:016x}") == side
    for other in range(8, 200):
        assert split.side(f"{other:016x}") == drawn_side(other, 0.3)
    assert Split(split_table({}), 0.3).side(f"{9:016x}") == drawn_side(9, 0.3)


@pytest.mark.parametrize("fraction", [0.05, 0.3])
def test_the_share_that_is_held_out(fraction: float) -> None:
    count = 20_000
    share = sum(drawn_side(n, fraction) == HELD_OUT for n in range(count)) / count
    assert abs(share - fraction) < 4 * np.sqrt(fraction * (1 - fraction) / count)
    # Less is held out where less is asked for, and nothing else.
    assert all(drawn_side(n, 0.3) == HELD_OUT for n in range(2000) if drawn_side(n, 0.05) == HELD_OUT)


def test_a_page_that_is_tried_again_does_not_move_its_document() -> None:
    """Page 0 of document a comes with generation 0, its page 1, which is like one of b, with generation 1."""
    a = next(n for n in range(1, 1000) if drawn_side(n, 0.3) == TRAIN)
    b = next(n for n in range(1, 1000) if drawn_side(n, 0.3) == HELD_OUT)
    first = _records([_page(a, _text("its first page")), _page(b, _text("the same"))], 0)
    later = _records([_page(a, _text("the same"))], 1)
    sides = sides_of([edges_of(np.concatenate([first, later]))], 0.3)
    assert sides == {a: TRAIN, b: HELD_OUT}
    new = _records([_page(5000, _text("the same"))], 2)
    assert sides_of([edges_of(np.concatenate([first, later, new]))], 0.3)[5000] == NEITHER
    few = _records([_page(a, ["few", "words"]), _page(b, _text("the same"))], 0)
    assert sides_of([edges_of(np.concatenate([few, later]))], 0.3)[a] == TRAIN, "known by a page that links nothing"
