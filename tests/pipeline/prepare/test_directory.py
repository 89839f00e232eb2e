"""Documents by number without a table of pages: every page is found, wherever shards cut a document."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.shelves import directory_of, index_of

from pipeline.prepare.directory import Directory, Runs, plan_rows, plan_table, runs_of
from pipeline.prepare.tim import Candidate
from pipeline.shards.dataset import ShardRef
from schemas.index import MINHASH_SIZE


def _page(shard: int, row: int, document: int, page: int) -> Candidate:
    name = f"{document:016x}"
    return Candidate(shard, row, f"{name}-{page:05d}", name, 30, (document,) * MINHASH_SIZE, document)


def _shelve(sizes: list[int], cuts: list[int]) -> list[list[Candidate]]:
    """Documents with `sizes` pages, in shards that end after so many pages as `cuts` say, and one for the rest."""
    pages = [(document, page) for document, size in enumerate(sizes) for page in range(size)]
    ends = [*sorted(min(cut, len(pages)) for cut in cuts), len(pages)]
    begins = [0, *ends[:-1]]
    return [
        [_page(shard, row, *pages[begin + row]) for row in range(end - begin)]
        for shard, (begin, end) in enumerate(zip(begins, ends, strict=True))
    ]


@given(st.lists(st.integers(1, 6), max_size=12), st.lists(st.integers(0, 40), max_size=8))
def test_every_page_of_any_document_is_found_once(sizes: list[int], cuts: list[int]) -> None:
    shards = _shelve(sizes, cuts)
    directory = directory_of(*shards)
    assert directory.count == len(sizes)
    assert [directory.pages(document) for document in range(len(sizes))] == sizes
    found = [directory.page(document, page) for document, size in enumerate(sizes) for page in range(size)]
    assert found == [page for pages in shards for page in pages]


def test_a_document_over_three_shards_begins_once() -> None:
    runs = [runs_of(list(name)) for name in ("aab", "bb", "", "bcc", "c")]
    refs = [ShardRef("gen-0000", f"pages-{i:06d}", r.samples) for i, r in enumerate(runs)]
    rows = list(plan_rows(zip(refs, runs, strict=True)))
    assert [(row["samples"], row["documents"], row["leading"]) for row in rows] == [
        (3, 2, 0), (2, 0, 2), (0, 0, 0), (3, 1, 1), (1, 0, 1),
    ]  # fmt: skip


def test_a_document_that_comes_back_counts_again() -> None:
    assert runs_of(["a", "b", "a"]) == Runs(3, 3, "a", 1, "a")


def test_few_indexes_are_kept_and_none_is_read_before_it_is_asked_for() -> None:
    """Memory does not grow with the dataset."""
    count = 300
    read: list[int] = []
    refs = [ShardRef("gen-0000", f"pages-{i:06d}", 1) for i in range(count)]
    runs = [runs_of([f"{i:016x}"]) for i in range(count)]

    def index(number: int) -> object:
        read.append(number)
        return index_of([_page(number, 0, number, 0)])

    directory = Directory(plan_table(zip(refs, runs, strict=True)), index)
    assert (directory.count, read) == (count, [])
    for _ in range(2):
        for document in range(count):
            assert directory.page(document, 0).document == f"{document:016x}"
    assert read == [*range(count), *range(count)]
    assert len(directory._indexes) == 64


def test_an_index_of_other_documents_is_refused() -> None:
    """Numbers would name other pages than in the run before, in silence."""
    refs = [ShardRef("gen-0000", "pages-000000", 2)]
    plan = plan_table(zip(refs, [runs_of(["a", "b"])], strict=True))
    for pages in ([_page(0, 0, 1, 0)], [_page(0, 0, 1, 0), _page(0, 1, 1, 1)]):
        directory = Directory(plan, lambda number, pages=pages: index_of(pages))
        with pytest.raises(ValueError, match=r"gen-0000/pages-000000\.parquet: .* planned were 2 of 2"):
            directory.page(0, 0)
