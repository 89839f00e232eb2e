"""Units are begun with those that take longest."""

from __future__ import annotations

import tempfile

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.ingest import slow_first
from pipeline.shards import planparts
from pipeline.shards.files import Store
from pipeline.shards.generation import GenerationFiles
from pipeline.sources.formats import Format
from schemas.manifest import PLAN_SCHEMA

# Of each page: the format of its file, and where its words lie that came with it.
Pages = list[tuple[Format, int | None]]


def _order(pages: Pages, unit_rows: int, left: list[int] | None = None) -> list[int]:
    rows = [
        {"uri": "/x", "sha256": "0" * 64, "format": kind.value, "words_offset": words, "page": 0, "pages": 1}
        for kind, words in pages
    ]
    with tempfile.TemporaryDirectory() as folder:
        files = GenerationFiles(Store(folder), "gen-0000")
        plan = files.write_plan(pa.Table.from_pylist(rows, schema=PLAN_SCHEMA), unit_rows, "")
        return slow_first(files, plan, range(plan.units) if left is None else left)


def test_pictures_come_before_pdfs_and_before_pictures_with_words() -> None:
    pdf, png, worded = (Format.PDF, None), (Format.PNG, None), (Format.TIFF, 512)
    pages: Pages = [pdf, pdf, png, pdf, worded, worded, png, png, pdf]
    assert _order(pages, 2) == [3, 1, 0, 2, 4]
    assert _order(pages, 2, left=[0, 1, 4]) == [1, 0, 4]
    assert _order(pages, 2, left=[]) == []
    assert _order([], 2) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(Format), st.none() | st.just(0)), max_size=40), st.integers(1, 5), st.data())
def test_any_plan_in_any_parts_is_begun_with_its_slowest_units(
    pages: Pages, unit_rows: int, data: st.DataObject
) -> None:
    before, planparts.UNITS_PER_PART = planparts.UNITS_PER_PART, data.draw(st.integers(1, 4))
    try:
        found = _order(pages, unit_rows)
    finally:
        planparts.UNITS_PER_PART = before
    slow = [kind is not Format.PDF and words is None for kind, words in pages]
    weight = [sum(slow[at : at + unit_rows]) for at in range(0, len(pages), unit_rows)]
    assert sorted(found) == list(range(len(weight)))
    assert found == sorted(found, key=lambda unit: (-weight[unit], unit))
