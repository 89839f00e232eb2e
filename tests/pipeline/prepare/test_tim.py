"""Text-image matching: rates of what happens to pictures, and who may stand in for whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.shelves import directory_of

from pipeline.prepare.tim import Candidate, Partners, action, near_duplicates
from pipeline.shards.hashes import minhash
from schemas.sample import TimAction

WORDS = [f"word{i}" for i in range(400)]


def _candidate(
    number: int, document: str | None = None, words: Sequence[str] | None = None, phash: int | None = None
) -> Candidate:
    text = words if words is not None else WORDS[number * 7 : number * 7 + 60]
    return Candidate(
        shard=0,
        row=number,
        key=f"{number:016x}-00000",
        document=document or f"document {number}",
        words=len(text),
        minhash=minhash(text),
        phash=number * 0x9E3779B97F4A7C15 % 2**64 if phash is None else phash,
    )


def _alone(number: int, document: str | None = None) -> Candidate:
    """A page that says what no other one says."""
    return _candidate(number, document, [f"{number} {i}" for i in range(40)])


def _partners(pages: Sequence[Candidate]) -> Partners:
    return Partners(directory_of(pages))


def test_pinned() -> None:
    found = [action(3, f"{i:016x}-00000", i % 4, 0.15, 0.05).value[0] for i in range(40)]
    assert "".join(found) == "aaaaraadaaaraaaadaaaaraaraaaaaaaaaaaaara"


def test_rates_over_many_samples() -> None:
    count = 20_000
    found = Counter(action(5, f"{i % 5000:016x}-00000", i // 5000, 0.15, 0.05) for i in range(count))
    for what, rate in ((TimAction.REPLACED, 0.15), (TimAction.DROPPED, 0.05), (TimAction.ALIGNED, 0.8)):
        assert abs(found[what] / count - rate) < 4 * np.sqrt(rate * (1 - rate) / count), found


@given(st.integers(0, 1 << 63), st.text("0123456789abcdef-", min_size=1, max_size=22), st.integers(0, 999))
def test_rates_of_none_and_all(seed: int, key: str, variant: int) -> None:
    assert action(seed, key, variant, 0.0, 0.0) is TimAction.ALIGNED
    assert action(seed, key, variant, 1.0, 0.0) is TimAction.REPLACED
    assert action(seed, key, variant, 0.0, 1.0) is TimAction.DROPPED


def test_near_duplicates_by_what_they_say() -> None:
    text = WORDS[:100]
    page = _candidate(0, words=text, phash=0)
    assert near_duplicates(page, _candidate(1, words=text, phash=2**64 - 1))
    assert near_duplicates(page, _candidate(1, words=[*text[:95], *WORDS[200:205]], phash=2**64 - 1))
    # Alike to look at, as contracts are, but other text: no duplicates.
    assert not near_duplicates(page, _candidate(1, words=WORDS[100:200], phash=0))


@pytest.mark.parametrize("words", [0, 1, 19])
def test_near_duplicates_by_what_they_show_where_there_is_little_text(words: int) -> None:
    few = _candidate(0, words=WORDS[:words], phash=0b1111)
    assert near_duplicates(few, _candidate(1, words=WORDS[:100], phash=0b1111 ^ 0xFF0))
    assert not near_duplicates(few, _candidate(1, words=WORDS[:words], phash=0b1111 ^ 0x1FF0))


@given(
    st.lists(st.integers(0, 30), min_size=2, max_size=2), st.lists(st.integers(0, 2**64 - 1), min_size=2, max_size=2)
)
def test_near_duplicates_is_mutual(sizes: list[int], hashes: list[int]) -> None:
    a, b = (
        _candidate(i, words=WORDS[:size], phash=phash)
        for i, (size, phash) in enumerate(zip(sizes, hashes, strict=True))
    )
    assert near_duplicates(a, b) == near_duplicates(b, a)
    assert near_duplicates(a, a)


@st.composite
def _shelves(draw: st.DrawFn) -> list[Candidate]:
    """Pages of a few documents, some of them saying the same."""
    pages = sorted(draw(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 6)), min_size=1, max_size=14)))
    return [
        _candidate(i, f"document {document}", [f"{text} {j}" for j in range(40)])
        for i, (document, text) in enumerate(pages)
    ]


@given(_shelves(), st.integers(0, 1 << 40), st.integers(0, 9))
def test_a_partner_is_another_document_and_no_near_duplicate(pages: list[Candidate], seed: int, variant: int) -> None:
    partners = _partners(pages)
    for page in pages:
        fitting = [c for c in pages if c.document != page.document and not near_duplicates(page, c)]
        found = partners.find(seed, page, variant)
        assert found in fitting or found is None
        assert (found is None) == (not fitting)  # every page of every document is tried
        assert _partners(pages).find(seed, page, variant) == found


def test_documents_are_drawn_evenly_however_many_pages_they_have() -> None:
    pages = [_alone(0, "asking")]
    for document in range(10):
        pages += [_alone(len(pages) + i, f"other {document}") for i in range(1 + 6 * (document % 2))]
    partners = _partners(pages)
    found = [partners.find(1, pages[0], variant) for variant in range(4000)]
    by_document = Counter(candidate.document for candidate in found if candidate)
    assert sum((count - 400) ** 2 / 400 for count in by_document.values()) < 33  # chi-square, 9 degrees, 1 in 10,000
    by_page = Counter(candidate.key for candidate in found if candidate and candidate.document == "other 1")
    each = by_document["other 1"] / 7
    assert sum((count - each) ** 2 / each for count in by_page.values()) < 28  # 6 degrees
    assert len(by_page) == 7


def test_partners_of_variants_and_seeds_differ() -> None:
    pages = [_alone(i) for i in range(200)]
    partners = _partners(pages)

    def keys(seed: int, variant: int) -> list[str]:
        return [found.key for page in pages if (found := partners.find(seed, page, variant))]

    drawn = [keys(0, 0), keys(0, 1), keys(1, 0)]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert sum(a == b for a, b in zip(drawn[one], drawn[other], strict=True)) < 10


def test_one_that_fits_is_found_among_many_that_do_not() -> None:
    text = WORDS[:50]
    pages = [_candidate(i, f"document {i}", text) for i in range(12)] + [_alone(12)]
    found = [_partners(pages).find(seed, pages[0], 0) for seed in range(50)]
    assert [candidate for candidate in found if candidate] == [pages[12]] * 50


def test_none_where_none_fits() -> None:
    alone = [_alone(0, "one"), _alone(1, "one")]
    assert _partners(alone).find(0, alone[0], 0) is None
    twins = [_candidate(0, "one", WORDS[:50]), _candidate(1, "other", WORDS[:50])]
    assert _partners(twins).find(0, twins[0], 0) is None
    assert _partners([]).find(0, alone[0], 0) is None


def test_pages_that_may_not_are_never_partners() -> None:
    pages = [_alone(i) for i in range(12)]
    partners = Partners(directory_of(pages), lambda page: page.row == 7)
    assert {partners.find(seed, pages[0], 0) for seed in range(30)} == {pages[7]}
    assert partners.find(0, pages[7], 0) is None


def test_partners_are_pinned() -> None:
    """Another draw would change every training dataset."""
    pages = [_alone(i) for i in range(100)]
    found = [_partners(pages).find(5, page, 1) for page in pages[:12]]
    assert [one.row for one in found if one] == [91, 63, 55, 89, 93, 87, 41, 75, 6, 25, 85, 89]
