"""What earlier generations account for: looked at again only where it may have changed, and never counted twice."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reportlab.lib import pdfencrypt

from jobs.inspect.lint import lint
from pipeline.ingest import InputFiles, Probe, accounted, inputs, known_tars, listing_row, unseen
from pipeline.ingest.seen import keys_of_hashes, keys_of_inputs
from pipeline.shards.files import Store
from pipeline.shards.generation import GenerationFiles, add_generation, open_or_create
from pipeline.sources import Listed, list_inputs
from pipeline.sources.walk import stamp_of_status
from schemas.base import sha256_hex
from schemas.dataset import DatasetInfo, GenerationPlan
from schemas.manifest import Reason, Status

Ingest = Callable[..., Any]
DrawPdf = Callable[..., bytes]


def touch(path: Path) -> None:
    stat = path.stat()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1_000_000_000))


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def folder(tmp_path: Path, draw_pdf: DrawPdf) -> Path:
    """Two documents of three pages."""
    made = tmp_path / "inputs"
    made.mkdir()
    (made / "letter.pdf").write_bytes(draw_pdf("one", "two"))
    (made / "invoice.pdf").write_bytes(draw_pdf("three"))
    return made


def test_a_complete_dataset_is_recognised_without_opening_anything(ingestion: Ingest, folder: Path) -> None:
    run = ingestion()
    run.run(folder)
    assert len(run.opened) == 2
    run.run(folder)
    run.run(*folder.glob("*.pdf"))
    assert len(run.opened) == 2
    assert [g.name for g in run.info.generations] == ["gen-0000"]


def test_a_touched_file_is_looked_at_again_and_not_counted_again(ingestion: Ingest, folder: Path) -> None:
    run = ingestion()
    run.run(folder)
    before = names(run.out)
    touched = folder / "letter.pdf"
    touch(touched)
    for _ in range(2):
        run.opened.clear()
        run.run(folder)
        assert run.opened == [str(touched)]
        assert names(run.out) == before, "nothing is left of a generation in which nothing is new"
    assert run.info.totals.ok == 3


def test_a_touched_file_beside_a_new_one_is_in_the_listing_and_has_no_row(
    ingestion: Ingest, folder: Path, draw_pdf: DrawPdf
) -> None:
    run = ingestion()
    run.run(folder)
    touched = folder / "letter.pdf"
    touch(touched)
    (folder / "new.pdf").write_bytes(draw_pdf("new"))
    run.opened.clear()
    run.run(folder)
    assert run.opened == [str(touched), str(folder / "new.pdf")]
    assert [row.uri for row in run.rows("gen-0001")] == [str(folder / "new.pdf")]
    assert lint(str(run.out)) == []
    run.opened.clear()
    run.run(folder)
    assert run.opened == [], "it was listed with its new stamp"


def test_a_changed_file_is_a_new_input(ingestion: Ingest, folder: Path, draw_pdf: DrawPdf) -> None:
    run = ingestion()
    run.run(folder)
    changed = folder / "letter.pdf"
    changed.write_bytes(draw_pdf("other", "words", "now"))
    run.run(folder)
    assert [(row.uri, row.page, row.status) for row in run.rows("gen-0001")] == [
        (str(changed), page, Status.OK) for page in range(3)
    ]
    assert run.info.totals.ok == 6
    assert lint(str(run.out)) == []


def test_a_file_that_cannot_be_read_is_looked_at_again_when_it_is_there(
    ingestion: Ingest, folder: Path, draw_pdf: DrawPdf, tmp_path: Path
) -> None:
    (folder / "gone.pdf").symlink_to(tmp_path / "absent.pdf")
    run = ingestion()
    run.run(folder)
    for _ in range(2):
        run.opened.clear()
        run.run(folder)
        assert run.opened == [], "it has no stamp now as then"
    assert (len(run.info.generations), run.info.totals.rejected) == (1, 1)
    (tmp_path / "absent.pdf").write_bytes(draw_pdf("here"))
    run.run(folder)
    assert [(row.uri, row.status) for row in run.rows("gen-0001")] == [(str(folder / "gone.pdf"), Status.OK)]
    assert lint(str(run.out)) == []


def test_a_file_that_could_not_be_opened_makes_no_copy_a_duplicate(
    ingestion: Ingest, knowing: Any, draw_pdf: DrawPdf, tmp_path: Path
) -> None:
    """It is opened with the password the second time, and its row stays the rejected one: it has no pages."""
    locked = draw_pdf("hidden", encrypt=pdfencrypt.StandardEncryption("secret", "owner"))
    for name, data in {"a.pdf": locked, "b.pdf": draw_pdf("open")}.items():
        (tmp_path / name).write_bytes(data)
    run = ingestion()
    run.run(tmp_path / "a.pdf")
    run.sandbox, run.passwords = knowing, ["secret"]
    touch(tmp_path / "a.pdf")
    run.run(tmp_path / "a.pdf", tmp_path / "b.pdf")
    assert [(row.uri, row.status) for row in run.rows("gen-0001")] == [(str(tmp_path / "b.pdf"), Status.OK)]
    (tmp_path / "c.pdf").write_bytes(locked)
    run.run(tmp_path / "c.pdf")
    assert [(row.uri, row.status) for row in run.rows("gen-0002")] == [(str(tmp_path / "c.pdf"), Status.OK)]
    assert lint(str(run.out)) == []


Stamped = dict[str, str]  # uri -> stamp
URI = st.text("ab\u00e9\U0001f600/", min_size=1, max_size=3)
STAMPED = st.dictionaries(URI, st.sampled_from(["", "1", "2"]), max_size=6)


def listed(names: Stamped) -> list[Listed]:
    return [Listed(uri, stamp) for uri, stamp in sorted(names.items())]


def write_generation(store: Store, names: Stamped, contents: dict[str, str]) -> DatasetInfo:
    """A finished generation that lists `names` and accounts for them in no row."""
    info = open_or_create(store, "pages", {})
    files = GenerationFiles(store, f"gen-{len(info.generations):04d}")
    made = InputFiles(files)
    listing = made.write_listing(map(listing_row, listed(names)))
    for part in range(len(listing.files)):
        uris = made.listed(part)["uri"].to_pylist()
        probes = [
            Probe(sha256_hex(contents[uri].encode()), "pdf", 1)
            if contents.get(uri)
            else Probe(reason=Reason.UNREADABLE, detail="gone")
            for uri in uris
        ]
        made.write_probes(part, [found.row() for found in probes])
    plan = files.seal_plan(
        GenerationPlan(name=files.name, units=0, unit_rows=1, rows=0, inputs="", files=made.refs(listing))
    )
    return add_generation(store, info, files.finish(plan, {}))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STAMPED, max_size=3), STAMPED)
def test_any_input_is_unseen_unless_some_generation_has_listed_it_with_its_stamp(
    tmp_path_factory: pytest.TempPathFactory, generations: list[Stamped], asked: Stamped
) -> None:
    store = Store(str(tmp_path_factory.mktemp("unseen")))
    info = open_or_create(store, "pages", {})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inputs, "PART_INPUTS", 2)
        for names in generations:
            info = write_generation(store, names, {})
    seen = {place for names in generations for place in names.items()}
    expected = [one for one in listed(asked) if (one.uri, one.stamp) not in seen]
    assert list(unseen(store, info, listed(asked))) == expected


def test_a_name_that_no_record_can_hold_is_given_each_time(tmp_path: Path) -> None:
    """Its row of the listing has another name, which may be that of another file."""
    store = Store(str(tmp_path))
    info = write_generation(store, {"/a.pdf": "1", "/\udcff.pdf": "1"}, {})
    other = Listed("/\\udcff.pdf", "1")
    assert list(unseen(store, info, [other])) == [other]
    assert [one.uri for one in unseen(store, info, listed({"/a.pdf": "1", "/\udcff.pdf": "1"}))] == ["/\udcff.pdf"]


def test_a_tar_that_was_listed_whole_is_not_read_again(ingestion: Ingest, draw_pdf: DrawPdf, tmp_path: Path) -> None:
    """Its bytes are spoilt and its stamp is kept: whoever opens it would find damage."""
    tar = tmp_path / "in" / "all.tar"
    tar.parent.mkdir()
    with tarfile.open(tar, "w") as archive:
        for name in ("a.pdf", "b.pdf"):
            info = tarfile.TarInfo(name)
            info.size = len(draw_pdf(name))
            archive.addfile(info, io.BytesIO(draw_pdf(name)))
    run = ingestion()
    run.run(f"tar://a.pdf::{tar}")
    assert not known_tars(run.store)(str(tar), stamp_of_status(tar.stat())), "only one member was named"
    run.run(tar.parent)
    assert run.info.totals.ok == 2
    before = tar.stat()
    tar.write_bytes(bytes(before.st_size))
    os.utime(tar, ns=(before.st_atime_ns, before.st_mtime_ns))
    known = known_tars(run.store)
    assert known(str(tar), stamp_of_status(tar.stat()))
    assert not known(str(tar), "another stamp")
    assert list(list_inputs([str(tar.parent)], (), known)) == [], "and it is no error that nothing is left"
    assert [one.uri for one in list_inputs([str(tar.parent)])] == [str(tar)]
    os.utime(tar, ns=(1, 1))
    assert [one.uri for one in list_inputs([str(tar.parent)], (), known)] == [str(tar)]


def test_a_datasets_own_shards_are_none_of_its_inputs(ingestion: Ingest, draw_pdf: DrawPdf, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.pdf").write_bytes(draw_pdf("a"))
    run = ingestion()
    run.run(folder)
    shard = run.store.local_path("gen-0000/pages-000000.tar")
    assert shard is not None
    assert shard.is_file()
    (tmp_path / "shard.tar").symlink_to(shard)
    known = known_tars(run.store)
    patterns = [f"{run.store.root}/**", f"{run.store.root}/gen-*/*.tar", str(shard), str(tmp_path / "shard.tar")]
    for named in patterns:
        assert list(list_inputs([named], (), known)) == []
    (shard.parent / "mine.tar").write_bytes(shard.read_bytes())
    (tmp_path / "pages.tar").write_bytes(shard.read_bytes())
    for named in (shard.parent / "mine.tar", tmp_path / "pages.tar"):
        assert list(list_inputs([str(named)], (), known)) != [], "a person's own tar, wherever it lies"
    for named in patterns:
        assert list(list_inputs([named])) != [], "another dataset's would be"


def test_a_retry_does_not_make_a_tar_known(ingestion: Ingest, draw_pdf: DrawPdf, tmp_path: Path) -> None:
    tar = tmp_path / "all.tar"
    with tarfile.open(tar, "w") as archive:
        info = tarfile.TarInfo("a.pdf")
        info.size = 4
        archive.addfile(info, io.BytesIO(b"%PDF"))
    run = ingestion()
    run.run(f"tar://a.pdf::{tar}")
    run.retry()
    assert len(run.info.generations) == 2
    assert not known_tars(run.store)(str(tar), stamp_of_status(tar.stat()))


def test_what_was_opened_is_held_and_what_was_not_is_known(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    write_generation(store, {"/a": "1", "/b": "1", "/c": "1"}, {"/a": "x", "/b": "x"})
    info = write_generation(store, {"/c": "2"}, {"/c": "y"})
    x, y, z = (sha256_hex(content.encode()) for content in "xyz")
    found = accounted(store, info)
    asked = [("/a", x), ("/b", x), ("/c", None), ("/c", y), ("/a", None), ("/c", x)]
    there = found.known.has(keys_of_inputs(*map(list, zip(*asked, strict=True))))
    assert there.tolist() == [True, True, True, True, False, False]
    assert found.held.has(keys_of_hashes([x, y, z])).tolist() == [True, True, False]
