"""Rejected pages once more, as a new generation: whatever happened to the files, nothing is lost or counted twice."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reportlab.lib import pdfencrypt
from support.stories import CONTENTS, GONE, LOCKED, STATE, STEP, URIS, State, Story

from jobs.inspect.lint import lint
from pipeline.ingest import InputFiles, inputs
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store
from pipeline.shards.generation import count_rows
from schemas.dataset import Counts
from schemas.manifest import ManifestRow, Reason, Status
from schemas.page import page_key

Ingest = Callable[..., Any]
DrawPdf = Callable[..., bytes]
Rows = list[tuple[str, int | None, str, str | None]]  # name, page, status, reason


def rows(run: Any, generation: str) -> Rows:
    found = run.rows(generation)
    return [(Path(row.uri).name, row.page, row.status.value, row.reason and row.reason.value) for row in found]


def replace(path: Path, data: bytes | None) -> None:
    """Other bytes with another stamp; None: a link to nothing, which is listed and cannot be read."""
    before = path.lstat().st_mtime_ns if path.is_symlink() or path.exists() else 0
    path.unlink(missing_ok=True)
    if data is None:
        path.symlink_to(path.parent.parent / "nothing")
        return
    path.write_bytes(data)
    os.utime(path, ns=(before, before + 1_000_000_000))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "inputs").mkdir()
    return tmp_path / "inputs" / "a.pdf"


@pytest.fixture
def changed(ingestion: Ingest, path: Path, draw_pdf: DrawPdf) -> Iterator[Any]:
    """Ingestion of `a.pdf` of three pages, which was another file when the last two were made, and is back now."""
    data = draw_pdf("one", "two", "three")
    replace(path, data)
    run = ingestion(pages_per_shard=1)
    plan = run.plan([path.parent])
    run.work(plan, [0])
    replace(path, draw_pdf("other"))
    run.work(plan, [1, 2])
    run.finish(plan)
    replace(path, data)
    yield run
    assert lint(str(run.out)) == []


def test_rejected_pages_are_tried_again_and_no_others(changed: Any, path: Path, draw_pdf: DrawPdf) -> None:
    assert (changed.info.totals.ok, changed.info.totals.reasons) == (1, {"changed-while-reading": 2})
    before = {p: p.read_bytes() for p in (changed.out / "gen-0000").rglob("*") if p.is_file()}
    (path.parent / "new.pdf").write_bytes(draw_pdf("a new one"))
    changed.opened.clear()
    dataset = changed.retry()
    assert changed.opened == [str(path)]
    assert rows(changed, "gen-0001") == [("a.pdf", 1, "ok", None), ("a.pdf", 2, "ok", None)]
    assert {p: p.read_bytes() for p in (changed.out / "gen-0000").rglob("*") if p.is_file()} == before
    generation = dataset.info.generations[1]
    assert generation.replaces == Counts(rejected=2, reasons={"changed-while-reading": 2})
    assert (dataset.info.totals.ok, dataset.info.totals.rejected, dataset.info.totals.reasons) == (3, 0, {})
    keys = [str(key) for shard in dataset.shards() for key in dataset.index(shard)["key"].to_pylist()]
    assert sorted(keys) == [page_key(changed.rows()[0].sha256, page) for page in range(3)]
    assert changed.list_rejected() is None, "nothing is left to be tried"


def test_a_second_retry_takes_only_what_is_still_rejected(changed: Any, path: Path, draw_pdf: DrawPdf) -> None:
    data = path.read_bytes()
    changed.list_rejected()
    plan = changed.look()
    changed.work(plan, [0])
    replace(path, draw_pdf("other again"))
    changed.work(plan, [1])
    changed.finish(plan)
    assert changed.info.totals.reasons == {"changed-while-reading": 1}
    replace(path, data)
    changed.retry()
    assert rows(changed, "gen-0002") == [("a.pdf", 2, "ok", None)]
    assert (changed.info.totals.ok, changed.info.totals.rejected) == (3, 0)


@pytest.mark.parametrize("times", [1, 3])
def test_a_file_that_is_away_while_it_is_tried_keeps_its_rejected_pages(changed: Any, path: Path, times: int) -> None:
    data = path.read_bytes()
    sha256 = changed.rows()[0].sha256
    for number in range(1, 1 + times):
        replace(path, None)
        changed.retry()
        assert rows(changed, f"gen-{number:04d}") == [("a.pdf", None, "rejected", "unreadable")]
        assert [row.sha256 for row in changed.rows(f"gen-{number:04d}")] == [sha256], "whose pages these are"
        assert (changed.info.totals.ok, changed.info.totals.reasons) == (1, {"unreadable": 1})
    replace(path, data)
    changed.retry()
    assert rows(changed, f"gen-{times + 1:04d}") == [("a.pdf", 1, "ok", None), ("a.pdf", 2, "ok", None)]
    assert (changed.info.totals.ok, changed.info.totals.rejected, changed.info.totals.duplicate) == (3, 0, 0)


def test_another_good_file_in_its_place_is_a_new_input(changed: Any, path: Path, draw_pdf: DrawPdf) -> None:
    replace(path, draw_pdf("quite", "another"))
    changed.retry()
    assert rows(changed, "gen-0001") == [("a.pdf", 0, "ok", None), ("a.pdf", 1, "ok", None)]
    assert (changed.info.totals.ok, changed.info.totals.rejected) == (3, 0)
    changed.opened.clear()
    changed.run(path.parent)
    assert [g.name for g in changed.info.generations] == ["gen-0000", "gen-0001"], "and it is known by now"


def test_another_file_that_was_ingested_since_is_no_duplicate_of_itself(
    changed: Any, path: Path, draw_pdf: DrawPdf
) -> None:
    data = path.read_bytes()
    replace(path, draw_pdf("quite", "another"))
    changed.run(path.parent)
    assert rows(changed, "gen-0001") == [("a.pdf", 0, "ok", None), ("a.pdf", 1, "ok", None)]
    changed.retry()
    assert rows(changed, "gen-0002") == [("a.pdf", None, "rejected", "changed-while-reading")]
    assert (changed.info.totals.ok, changed.info.totals.rejected, changed.info.totals.duplicate) == (3, 1, 0)
    replace(path, data)
    changed.retry()
    assert rows(changed, "gen-0003") == [("a.pdf", 1, "ok", None), ("a.pdf", 2, "ok", None)]
    assert (changed.info.totals.ok, changed.info.totals.rejected) == (5, 0)


def test_another_bad_file_in_its_place_loses_no_page(changed: Any, path: Path) -> None:
    data = path.read_bytes()
    replace(path, b"no document")
    changed.retry()
    assert rows(changed, "gen-0001") == [("a.pdf", None, "rejected", "unsupported-format")]
    replace(path, data)
    changed.retry()
    assert rows(changed, "gen-0002") == [("a.pdf", 1, "ok", None), ("a.pdf", 2, "ok", None)]
    assert (changed.info.totals.ok, changed.info.totals.rejected) == (3, 0)


def test_a_locked_file_gets_its_pages_once_its_password_is_given(
    ingestion: Ingest, knowing: Any, path: Path, draw_pdf: DrawPdf
) -> None:
    replace(path, draw_pdf("one", "two", encrypt=pdfencrypt.StandardEncryption("secret", "owner")))
    (path.parent / "b.pdf").write_bytes(draw_pdf("open"))
    run = ingestion()
    run.run(path.parent)
    run.retry()
    assert rows(run, "gen-0001") == [("a.pdf", None, "rejected", "encrypted")]
    assert (run.info.totals.ok, run.info.totals.reasons) == (1, {"encrypted": 1})
    run.sandbox, run.passwords = knowing, ["secret"]
    run.retry()
    assert rows(run, "gen-0002") == [("a.pdf", 0, "ok", None), ("a.pdf", 1, "ok", None)]
    assert (run.info.totals.ok, run.info.totals.rejected, run.info.totals.duplicate) == (3, 0, 0)
    assert lint(str(run.out)) == []


def test_a_locked_file_that_was_looked_at_with_its_password_before_is_no_duplicate_of_itself(
    ingestion: Ingest, knowing: Any, path: Path, draw_pdf: DrawPdf
) -> None:
    """An ordinary run opens it, as it was touched, and leaves it to a retry."""
    data = draw_pdf("one", "two", encrypt=pdfencrypt.StandardEncryption("secret", "owner"))
    replace(path, data)
    run = ingestion()
    run.run(path.parent)
    run.sandbox, run.passwords = knowing, ["secret"]
    replace(path, data)
    (path.parent / "b.pdf").write_bytes(draw_pdf("open"))
    run.run(path.parent)
    assert rows(run, "gen-0001") == [("b.pdf", 0, "ok", None)]
    run.retry()
    assert rows(run, "gen-0002") == [("a.pdf", 0, "ok", None), ("a.pdf", 1, "ok", None)]
    assert lint(str(run.out)) == []


def test_a_file_that_was_away_and_came_in_with_a_later_run_leaves_no_rejected_row(
    ingestion: Ingest, path: Path, draw_pdf: DrawPdf
) -> None:
    replace(path, None)
    run = ingestion()
    run.run(path.parent)
    replace(path, draw_pdf("one"))
    run.run(path.parent)
    assert (run.info.totals.ok, run.info.totals.rejected) == (1, 1)
    dataset = run.retry()
    assert (dataset.info.totals.ok, dataset.info.totals.rejected, dataset.info.totals.duplicate) == (1, 0, 0)
    assert dataset.info.generations[2].counts.rows == 0
    assert run.list_rejected() is None
    assert lint(str(run.out)) == []


def test_a_retry_that_was_cut_off_goes_on_to_the_same_bytes(changed: Any, path: Path, draw_pdf: DrawPdf) -> None:
    assert changed.list_rejected() is not None
    inputs_ = InputFiles(changed.files)
    (row,) = inputs_.listed(0).to_pylist()
    assert (row["uri"], row["only"]) == (str(path), [1, 2])
    changed.work(changed.look())
    plan = changed.look()  # from what the first one left
    before = {p: p.read_bytes() for p in (changed.out / "gen-0001").rglob("*") if p.is_file()}
    changed.work(plan)
    assert {p: p.read_bytes() for p in (changed.out / "gen-0001").rglob("*") if p.is_file()} == before
    changed.finish(plan)


# From here on any story.


def check(story: Story) -> None:
    """What must hold at any time."""
    standing = story.rows()
    assert Dataset(story.store.url).info.totals == count_rows(standing)
    ok = Counter(row.key for row in standing if row.status is Status.OK)
    assert not ok or max(ok.values()) == 1
    of_its_own = {(row.uri, row.sha256) for row in standing if row.status is not Status.DUPLICATE}
    for row in standing:
        assert row.status is not Status.DUPLICATE or (row.uri, row.sha256) not in of_its_own, "a duplicate of itself"
    once = Counter((row.uri, row.sha256, row.page) for row in standing)
    assert max(once.values(), default=1) == 1, "a row that counts twice"
    assert {row.uri for row in standing} <= set(story.world)


@pytest.mark.parametrize("fault", ["", LOCKED, GONE])
@pytest.mark.parametrize("content", sorted(CONTENTS))
def test_a_place_that_was_two_bad_files_is_one_file_when_it_is_tried(
    tmp_path: Path, make_document: Any, content: str, fault: str
) -> None:
    """Both of its rejected rows are tried again, and it is `content` now: one of them again, or a third one."""
    story = Story(Store(str(tmp_path / "pages")), make_document)
    for first in ("x", "y"):
        story.put("/a.pdf", (first, LOCKED))
        story.ingest(frozenset())
    assert [row.reason for row in story.rows()] == [Reason.ENCRYPTED] * 2
    story.put("/a.pdf", (content, fault))
    story.retry(frozenset())
    check(story)
    assert lint(story.store.url) == []
    found = [(row.page, row.status.value) for row in story.rows()]
    assert found == ([(None, "rejected")] if fault else [(page, "ok") for page in range(CONTENTS[content])])


@pytest.mark.parametrize("between", [("y", ""), ("y", LOCKED), ("x", GONE)])
def test_a_file_that_was_another_one_when_it_was_tried_comes_back(
    tmp_path: Path, make_document: Any, between: State
) -> None:
    """Locked at first, something else when it was tried again, and then good: it is made, once."""
    story = Story(Store(str(tmp_path / "pages")), make_document)
    story.put("/a.pdf", ("y", ""))
    story.put("/c.pdf", ("x", LOCKED))
    story.ingest(frozenset())
    story.put("/c.pdf", between)
    story.retry(frozenset())
    check(story)
    story.put("/c.pdf", ("x", ""))
    for _ in range(2):
        story.ingest(frozenset())
        story.retry(frozenset())
        check(story)
    assert lint(story.store.url) == []
    assert [row.page for row in story.rows() if row.uri == "/c.pdf" and row.status is Status.OK] == [0]


SETTINGS = settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.mark.timeout(900)
@SETTINGS
@given(st.dictionaries(st.sampled_from(URIS), STATE, min_size=1), st.lists(STEP, min_size=1, max_size=4), st.data())
def test_any_story_ends_with_every_page_in_the_dataset_once(
    tmp_path_factory: pytest.TempPathFactory,
    make_document: Any,
    begin: dict[str, State],
    steps: list[tuple[dict[str, State], bool, frozenset[tuple[str, int]]]],
    data: st.DataObject,
) -> None:
    """Files come, go, change, are locked and opened; pages fail and succeed. In the end all is well with the files,
    and one run and one retry more have every page of every file there, and no page of them rejected."""
    story = Story(Store(str(tmp_path_factory.mktemp("story") / "pages")), make_document)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inputs, "PART_INPUTS", 2)
        patch.setattr(os, "fsync", lambda handle: None)  # most of the time otherwise
        for changes, again, bad in [(begin, False, frozenset()), *steps]:
            for uri, state in changes.items():
                story.put(uri, state)
            (story.retry if again else story.ingest)(bad)
            check(story)
        for uri, state in sorted(story.world.items()):
            story.put(uri, (data.draw(st.sampled_from([state[0], *sorted(CONTENTS)])), ""))
        assert lint(story.store.url) == []
        story.ingest(frozenset())
        check(story)
        story.retry(frozenset())
        check(story)
        assert lint(story.store.url) == []
    standing = story.rows()
    for uri, (content, _) in story.world.items():
        sha256 = story._document(content).sha256
        pages = {row.page for row in standing if row.sha256 == sha256 and row.status is Status.OK}
        whole = pages == set(range(CONTENTS[content]))
        assert whole or _was_elsewhere(story, standing, sha256), f"{uri} has lost a page"
        assert {row.status for row in standing if (row.uri, row.sha256) == (uri, sha256)} <= {
            Status.OK,
            Status.DUPLICATE,
        }


def _was_elsewhere(story: Story, standing: list[ManifestRow], sha256: str) -> bool:
    """Whether a file that has other bytes by now was the one of these bytes that counts, and is down as rejected."""
    places = {row.uri for row in standing if row.sha256 == sha256 and row.status is Status.REJECTED}
    return any(story._document(story.world[uri][0]).sha256 != sha256 for uri in places)
