"""Ingestion end to end, without Ray and without OCR: documents in, a dataset out in which lint finds nothing."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import webdataset
from PIL import Image
from reportlab.lib import pdfencrypt
from support.by_hand import without_its_font

from jobs.inspect.lint import lint
from pipeline.ingest import IngestWorker
from pipeline.pages import Limits
from pipeline.shards.dataset import Dataset
from pipeline.shards.generation import GenerationFiles
from pipeline.shards.hashes import hamming, minhash, phash
from pipeline.sources import list_inputs
from schemas.manifest import Reason, Status
from schemas.page import Page, Route
from schemas.truth import TRUTH_SUFFIX

Ingest = Callable[..., Any]
DrawPdf = Callable[..., bytes]
# A form that draws itself twice: it would take minutes.
ENDLESS = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R/Resources<</XObject<</F 5 0 R>>>>>>endobj
4 0 obj<</Length 5>>stream
/F Do
endstream endobj
5 0 obj<</Type/XObject/Subtype/Form/BBox[0 0 200 200]/Resources<</XObject<</F 5 0 R>>>>/Length 11>>stream
/F Do /F Do
endstream endobj
trailer<</Root 1 0 R>>
"""


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def pages(dataset: Dataset) -> list[tuple[dict[str, Any], Page, dict[str, bytes]]]:
    return [
        (row, Page.from_json(members["json"]), members)
        for shard in dataset.shards()
        for row, members in dataset.samples(shard)
    ]


def png(size: tuple[int, int]) -> bytes:
    sink = io.BytesIO()
    Image.new("L", size, 255).save(sink, "PNG")
    return sink.getvalue()


@pytest.fixture
def copied(inputs: Path, tmp_path: Path) -> Path:
    """A copy of the inputs that a test may change."""
    return Path(shutil.copytree(inputs, tmp_path / "inputs"))


def test_documents_become_a_dataset_without_a_fault(ingested: Any) -> None:
    assert lint(str(ingested.out)) == []
    totals = ingested.dataset.info.totals
    assert (totals.ok, totals.rejected, totals.duplicate) == (6, 0, 0)
    assert (totals.routes, totals.reasons) == ({"text-layer": 6}, {})
    shards = ingested.dataset.shards()
    assert [(shard.stem, shard.samples) for shard in shards] == [("pages-000000", 3), ("pages-000001", 3)]


def test_records_say_what_the_documents_say(ingested: Any, inputs: Path) -> None:
    made = pages(ingested.dataset)
    uris = [listed.uri for listed in list_inputs([str(inputs)])]
    assert [page.document.uri for _, page, _ in made] == [uris[0]] * 2 + [uris[1], uris[2]] + [uris[3]] * 2
    for row, page, members in made:
        assert page.truth is not None
        assert sorted(page.words.text) == sorted(word.text for word in page.truth.words)
        assert (page.route, page.reason) == (Route.TEXT_LAYER, "asked-for")
        assert set(members) == {"jpg", "json"}
        with Image.open(io.BytesIO(members["jpg"])) as picture:
            assert picture.size == page.size
        assert max(page.size) == 1000
        assert row["words"] == len(page.words.text)
        assert tuple(row["minhash"]) == minhash(page.words.text)


def test_the_manifest_has_a_row_for_every_page(ingested: Any) -> None:
    made, rows = pages(ingested.dataset), ingested.rows()
    assert [row.key for row in rows] == [page.key for _, page, _ in made]
    for row, (_, page, _) in zip(rows, made, strict=True):
        assert (row.status, row.route, row.words) == (Status.OK, "text-layer", len(page.words.text))
        assert (row.sha256, row.document, row.page) == (page.document.sha256, page.document.sha256[:16], page.page)
        assert row.reason is row.detail is row.duplicate_of is None
    assert [row.shard for row in rows] == ["pages-000000"] * 3 + ["pages-000001"] * 3


def test_webdataset_alone_reads_the_shards(ingested: Any) -> None:
    tars = sorted(map(str, ingested.out.glob("gen-0000/*.tar")))
    read = list(webdataset.WebDataset(tars, shardshuffle=False).decode("rgb8"))
    assert len(read) == 6
    for sample in read:
        assert sample["json"]["schema"] == "pagemill.page/1"
        assert sample["jpg"].shape == (sample["json"]["size"][1], sample["json"]["size"][0], 3)
        assert sample["__key__"] == sample["json"]["key"]


def test_the_bytes_do_not_depend_on_the_order_of_the_units_or_on_who_does_them(
    ingestion: Ingest, ingested: Any, inputs: Path
) -> None:
    run = ingestion()
    plan = run.plan([inputs])
    for unit in (1, 0):
        run.work(plan, [unit])
    run.finish(plan)
    assert files(run.out) == files(ingested.out)


def test_fonts_that_files_lack_do_not_bring_the_order_into_the_bytes(ingestion: Ingest, tmp_path: Path) -> None:
    """pdfium has one font for all of them, and it keeps what the last page made of it."""
    for width, stem in ((300, 180), (500, 80), (700, 50)):
        (tmp_path / f"{width}.pdf").write_bytes(without_its_font(width, stem, serif=False, pages=2))
    made = []
    for name, units in (("there", (0, 1, 2)), ("back", (2, 1, 0))):
        run = ingestion(name, pages_per_shard=2)
        plan = run.plan(sorted(tmp_path.glob("*.pdf")))
        run.work(plan, units)
        run.finish(plan)
        made.append(files(run.out))
    assert made[0] == made[1]


def test_a_unit_that_is_done_again_changes_nothing(ingestion: Ingest, ingested: Any, tmp_path: Path) -> None:
    run = ingestion()
    shutil.copytree(ingested.out, run.out)
    run.work(GenerationFiles(run.store, "gen-0000").read_plan(), [1])
    assert files(run.out) == files(ingested.out)


def test_every_page_ticks(ingestion: Ingest, inputs: Path, tmp_path: Path) -> None:
    (tmp_path / "small.png").write_bytes(png((1, 1)))
    run = ingestion()
    plan = run.plan([inputs, tmp_path / "small.png"])
    assert run.work(plan) == plan.rows == 7


def test_bad_input_has_reasons_and_the_rest_goes_on(
    ingestion: Ingest, copied: Path, draw_pdf: DrawPdf, tmp_path: Path
) -> None:
    for name, data in {
        "b-locked.pdf": draw_pdf("x", encrypt=pdfencrypt.StandardEncryption("user", "owner")),
        "c-blank.pdf": draw_pdf("", "text on the second page"),
        "d-point.png": png((1, 1)),
        "e-empty.tif": b"",
        "f-text.pdf": b"no document at all",
        "g-copy.pdf": next(copied.glob("*letter*.pdf")).read_bytes(),
        "h-cut.jpg": b"\xff\xd8\xff\xe0 and no more",
    }.items():
        (copied / name).write_bytes(data)
    (copied / "a-dangling.pdf").symlink_to(tmp_path / "absent")
    run = ingestion()
    dataset = run.run(copied)
    assert lint(str(run.out)) == []
    found = {(Path(row.uri).name[:1], row.page): (row.status.value, row.reason) for row in run.rows()}
    assert {key: value for key, value in found.items() if key[0].isalpha()} == {
        ("a", None): ("rejected", Reason.UNREADABLE),
        ("b", None): ("rejected", Reason.ENCRYPTED),
        ("c", 0): ("ok", None),
        ("c", 1): ("ok", None),
        ("d", 0): ("rejected", Reason.PAGE_TOO_SMALL),
        ("e", None): ("rejected", Reason.EMPTY_FILE),
        ("f", None): ("rejected", Reason.UNSUPPORTED_FORMAT),
        ("g", None): ("duplicate", Reason.SAME_FILE),
        ("h", None): ("rejected", Reason.DAMAGED),
    }
    assert (dataset.info.totals.ok, dataset.info.totals.rejected, dataset.info.totals.duplicate) == (8, 6, 1)
    [blank] = [page for _, page, _ in pages(dataset) if page.document.uri.endswith("c-blank.pdf") and page.page == 0]
    assert (blank.words.text, blank.lines.box) == ([], [])


def test_a_folder_without_documents_is_one_line(ingestion: Ingest, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="no documents in"):
        ingestion().plan([tmp_path / "empty"])


def test_nothing_but_bad_input_is_a_dataset_of_reasons(ingestion: Ingest, tmp_path: Path) -> None:
    (tmp_path / "x.pdf").touch()
    run = ingestion()
    dataset = run.run(tmp_path / "x.pdf")
    assert lint(str(run.out)) == []
    assert (dataset.shards(), dataset.info.totals.rejected) == ([], 1)


def test_a_file_that_changes_between_plan_and_work_is_not_mixed_up(
    ingestion: Ingest, copied: Path, draw_pdf: DrawPdf
) -> None:
    run = ingestion()
    plan = run.plan([copied])
    letter, invoice, paper, table = sorted(path for path in copied.iterdir() if path.suffix == ".pdf")
    letter.write_bytes(draw_pdf("something", "else"))
    invoice.unlink()
    Path(f"{paper}{TRUTH_SUFFIX}").write_bytes(b"{}")
    shutil.copy(f"{paper}{TRUTH_SUFFIX}", f"{table}{TRUTH_SUFFIX}")
    Path(f"{table}{TRUTH_SUFFIX}").unlink()
    run.work(plan)
    run.finish(plan)
    assert lint(str(run.out)) == []
    found = [(row.status.value, row.reason) for row in run.rows()]
    assert found == [
        ("rejected", Reason.CHANGED),
        ("rejected", Reason.CHANGED),
        ("rejected", Reason.UNREADABLE),
        ("rejected", Reason.BAD_TRUTH),
        ("ok", None),
        ("ok", None),
    ]
    assert all(page.truth is None for _, page, _ in pages(run.dataset))


def test_more_inputs_add_a_generation_and_leave_the_first_as_it_is(
    ingestion: Ingest, inputs: Path, draw_pdf: DrawPdf, tmp_path: Path
) -> None:
    run = ingestion()
    run.run(inputs)
    before = files(run.out / "gen-0000")
    (tmp_path / "more.pdf").write_bytes(draw_pdf("more"))
    shutil.copy(next(inputs.glob("*letter*.pdf")), tmp_path / "again.pdf")
    dataset = run.run(inputs, tmp_path / "more.pdf", tmp_path / "again.pdf")
    assert lint(str(run.out)) == []
    assert files(run.out / "gen-0000") == before
    assert sorted((row.uri, row.status.value) for row in run.rows("gen-0001")) == [
        (str(tmp_path / "again.pdf"), "duplicate"),
        (str(tmp_path / "more.pdf"), "ok"),
    ]
    assert dataset.info.totals.ok == 7


def test_a_page_without_end_is_tried_twice_and_given_up_and_the_next_is_fine(
    ingestion: Ingest, draw_pdf: DrawPdf, tmp_path: Path
) -> None:
    (tmp_path / "a.pdf").write_bytes(ENDLESS)
    (tmp_path / "b.pdf").write_bytes(draw_pdf("fine"))
    run = ingestion(limits=Limits(cpu_seconds=30, wall_seconds=2, address_space=1 << 34))
    run.run(tmp_path / "a.pdf", tmp_path / "b.pdf")
    assert lint(str(run.out)) == []
    assert [(row.status.value, row.reason) for row in run.rows()] == [("rejected", Reason.TIMEOUT), ("ok", None)]


def test_the_picture_is_as_large_as_asked_for(ingestion: Ingest, inputs: Path) -> None:
    run = ingestion(picture_longest=300)
    for row, page, members in pages(run.run(next(inputs.glob("*invoice*.pdf")))):
        assert max(page.size) == 300
        with Image.open(io.BytesIO(members["jpg"])) as picture:
            assert picture.size == page.size
            assert hamming(row["phash"], phash(np.asarray(picture))) <= 4, "it was stored with a loss"


def test_a_worker_that_is_closed_leaves_no_process(ingestion: Ingest, inputs: Path) -> None:
    run = ingestion()
    plan = run.plan([inputs])
    worker = IngestWorker(str(run.out), plan.name, run.config)
    worker.run(0, lambda: None)
    child = worker._maker._sandbox.pid
    assert child is not None
    worker.close()
    assert not psutil.pid_exists(child)
