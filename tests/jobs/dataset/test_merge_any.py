"""Any datasets merge into one that is whole, in which every page that one of them had is there once."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from support.stories import BAD, STATE, URIS, Story

from jobs.dataset.leftout import accounts
from jobs.dataset.merging import merge_datasets
from jobs.dataset.whole import Check
from jobs.inspect.lint import lint
from pipeline.ingest import inputs
from pipeline.ingest.seen import keys_of_hashes
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store
from pipeline.shards.generation import count_rows
from schemas.manifest import ManifestRow, Status

# Shrinking takes minutes, and the stories are short as they are.
NONE: frozenset[tuple[str, int]] = frozenset()
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
STEP = st.tuples(st.dictionaries(st.sampled_from(URIS), STATE, max_size=2), st.booleans(), BAD)
# Whose files are whose: the same places, or others in which the same files may lie.
STORY = st.tuples(st.sampled_from(["", "/other"]), st.dictionaries(st.sampled_from(URIS), STATE, min_size=1), BAD)
STORIES = st.lists(st.tuples(STORY, st.lists(STEP, max_size=3)), min_size=2, max_size=3)


def _tell(story: Story, told: Any) -> Story:
    (prefix, begin, bad), steps = told
    for changes, again, failing in [(begin, False, bad), *steps]:
        for uri, state in changes.items():
            story.put(prefix + uri, state)
        (story.retry if again else story.ingest)(failing)
    return story


def _ok(rows: list[ManifestRow]) -> Counter[str | None]:
    return Counter(row.key for row in rows if row.status is Status.OK)


@pytest.mark.timeout(900)
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck), phases=NO_SHRINKING)
@given(STORIES)
@example(
    [
        (("", {"/c.pdf": ("y", "locked"), "/a.pdf": ("x", "locked")}, NONE),
         [({"/a.pdf": ("x", ""), "/c.pdf": ("x", "")}, False, NONE)]),
        (("", {"/b.pdf": ("y", "gone"), "/a.pdf": ("y", "gone")}, NONE),
         [({"/c.pdf": ("y", "locked"), "/a.pdf": ("x", "locked")}, True, NONE), ({}, False, NONE), ({}, True, NONE)]),
    ]
)  # fmt: skip
def test_any_datasets_merge(tmp_path_factory: pytest.TempPathFactory, document: Any, told: list[Any]) -> None:
    folder = tmp_path_factory.mktemp("merge")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inputs, "PART_INPUTS", 2)
        patch.setattr("jobs.dataset.copying.PART_INPUTS", 2)
        patch.setattr(os, "fsync", lambda handle: None)  # most of the time otherwise
        stories = [_tell(Story(Store(str(folder / str(i))), document), one) for i, one in enumerate(told)]
        urls = [story.store.url for story in stories]
        info = merge_datasets(urls, str(folder / "merged"))
        merged = Story(Store(str(folder / "merged")), document)
        assert lint(merged.store.url) == []
        check = Check(merged.store.url)
        assert all(not report.findings for report in check.generations())
        assert check.found() == []
    rows = merged.rows()
    assert info == Dataset(merged.store.url).info
    assert info.totals == count_rows(rows), "no row counts twice or not at all"
    ok = _ok(rows)
    assert set(ok.values()) <= {1}
    expected: set[str | None] = set()
    before: list[Any] = []
    for story in stories:
        own = [row for row in story.rows() if row.status is Status.OK]
        held = [any(one.held.has(keys_of_hashes([str(row.sha256)]))[0] for one in before) for row in own]
        expected |= {row.key for row, there in zip(own, held) if not there}
        before.append(accounts(Dataset(story.store.url)))
    assert set(ok) == expected
    assert {row.uri for row in rows} == {row.uri for story in stories for row in story.rows()}
