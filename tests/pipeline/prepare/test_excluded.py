"""Pages that are kept out, and their near-duplicates: the same rule as for partners, for all pages at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from support.shelves import index_of

from pipeline.prepare.excluded import Excluded
from pipeline.prepare.tim import Candidate, near_duplicates
from pipeline.shards.hashes import minhash

WORDS = [f"word{i}" for i in range(200)]


def _page(number: int, begin: int, count: int, phash: int) -> Candidate:
    words = WORDS[begin : begin + count]
    return Candidate(0, number, f"{number:016x}-00000", f"{number:016x}", len(words), minhash(words), phash)


pages_of = st.tuples(st.integers(0, 60), st.integers(0, 60), st.sampled_from([0, 0xFF, 0x1FF, 2**64 - 1, 2**63]))


@given(st.lists(pages_of, max_size=5), pages_of)
def test_any_page_is_kept_out_where_it_is_like_one_of_them(
    kept: list[tuple[int, int, int]], one: tuple[int, int, int]
) -> None:
    pages = [_page(i, *what) for i, what in enumerate(kept)]
    page = _page(100, *one)
    excluded = Excluded([index_of(pages[:2]), index_of(pages[2:])])
    assert len(excluded) == len(pages)
    assert (excluded.why(page) is not None) == any(near_duplicates(page, other) for other in pages)


def test_a_document_is_kept_out_whole() -> None:
    excluded = Excluded([index_of([_page(1, 0, 40, 0)])])
    assert excluded.why(_page(1, 100, 40, 2**64 - 1)) == "its document is kept out"
    assert excluded.why(_page(2, 100, 40, 0)) is None
    assert excluded.why(_page(2, 0, 40, 2**64 - 1)) == "a near-duplicate of a page that is kept out"


def test_nothing_keeps_nothing_out() -> None:
    assert Excluded([]).why(_page(1, 0, 40, 0)) is None
