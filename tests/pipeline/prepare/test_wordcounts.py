"""Counts of words: all of them where they fit, the most frequent ones where they do not, whatever came when."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.prepare import wordcounts
from pipeline.prepare.wordcounts import WordCounts

words = st.sampled_from(["", "a", "b", "B", "\n", '"', "\\", "é", "\U0001f600", "日本", *(f"w{i}" for i in range(30))])
parts = st.lists(st.dictionaries(words, st.integers(1, 3)), max_size=12)


def _expected(counted: list[dict[str, int]], most: int) -> dict[str, int]:
    total: Counter[str] = Counter()
    for part in counted:
        total.update(part)
    return dict(sorted(total.items(), key=lambda item: (-item[1], item[0]))[:most])


@given(parts, st.integers(1, 50), st.randoms())
def test_any_parts_in_any_order_give_the_most_frequent_words(
    counted: list[dict[str, int]], most: int, random: object
) -> None:
    for order in (counted, sorted(counted, key=lambda _: random.random())):  # type: ignore[attr-defined]
        with TemporaryDirectory() as folder:
            counts = WordCounts(Path(folder), most)
            for part in order:
                counts.add(part)
            found, left_out = counts.most_frequent()
        assert dict(found) == _expected(counted, most)
        assert len(found) + left_out == len(set().union(*counted))


def test_files_are_merged_before_there_are_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wordcounts, "_RUNS", 3)
    counts = WordCounts(tmp_path, 2)
    counted = [{f"w{i}": 1, f"w{i + 1}": 2, "often": 5} for i in range(20)]
    for part in counted:
        counts.add(part)
        assert len(list(tmp_path.iterdir())) < 3
    found, left_out = counts.most_frequent()
    assert dict(found) == _expected(counted, 2) == {"often": 100, "w1": 3}
    assert left_out == 20


def test_nothing_is_written_where_all_words_fit(tmp_path: Path) -> None:
    counts = WordCounts(tmp_path, 3)
    counts.add({"a": 1, "b": 2, "c": 3})
    assert counts.most_frequent() == (Counter(a=1, b=2, c=3), 0)
    assert list(tmp_path.iterdir()) == []
