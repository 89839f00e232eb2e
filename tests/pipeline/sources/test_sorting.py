"""Sorting in runs and merging lazily: the same as sorting everything at once."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from pipeline.sources.listed import Listed
from pipeline.sources.sorting import Sorter, merge_lazily

TEXT = st.text(st.characters(exclude_characters="\0"), max_size=4)
RECORDS = st.lists(st.tuples(TEXT, TEXT), max_size=40)


@given(RECORDS, st.integers(1, 50))
def test_any_records_in_any_runs_come_back_sorted_and_once(records: list[tuple[str, str]], chunk: int) -> None:
    sorter = Sorter(chunk)
    for record in records:
        sorter.add(record)
    assert list(sorter.take()) == sorted(set(records))


def test_names_that_are_not_unicode_sort_in_runs_as_they_do_in_memory() -> None:
    names = ["/a\udcff.pdf", "/a\ue000.pdf", "/a\U0001f600.pdf", "/a\n.pdf", "/a\x7f.pdf", "/a\ud7ff.pdf"]
    for chunk in (1, 2, 100):
        sorter = Sorter(chunk)
        for name in names:
            sorter.add((name,))
        assert [record[0] for record in sorter.take()] == sorted(names)


def test_runs_longer_than_a_block_are_read_whole() -> None:
    names = [f"/{'x' * 3000}/{i:05}" for i in range(300)]
    sorter = Sorter(100)
    for name in reversed(names):
        sorter.add((name,))
    assert [record[0] for record in sorter.take()] == names


@given(st.lists(st.lists(st.text("ab/-", max_size=3), min_size=1, max_size=6), max_size=8))
def test_any_sorted_streams_are_merged_and_opened_in_their_order(streams: list[list[str]]) -> None:
    opened: list[str] = []

    def opener(names: list[str]) -> Iterator[Listed]:
        opened.append(names[0])
        return iter([Listed(name) for name in names])

    ordered = sorted((sorted(names) for names in streams), key=lambda names: names[0])
    merged = merge_lazily([(names[0], lambda names=names: opener(names)) for names in ordered])
    seen: list[str] = []
    for listed in merged:
        seen.append(listed.uri)
        # Nothing is open before it is needed: what is open begins no later than what was given last.
        assert all(first <= listed.uri for first in opened)
    assert seen == sorted(name for names in streams for name in names)


def test_a_stream_of_nothing_is_left_out() -> None:
    sources = [("a", lambda: iter([])), ("b", lambda: iter([Listed("b")])), ("c", lambda: iter([]))]
    assert [listed.uri for listed in merge_lazily(sources)] == ["b"]
