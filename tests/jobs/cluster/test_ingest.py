"""Ingestion on Ray: resumed, extended, tried again, and the same whatever did the work."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.line import CONFIG, OPTIONS, files_of, hashes_of, ingested, lock

from jobs.cluster import probing
from jobs.cluster.ingest import IngestJob, ingest
from jobs.inspect.lint import lint
from jobs.inspect.summary import collect
from pipeline.ingest import IngestWorker
from pipeline.shards.alone import alone
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store
from pipeline.shards.generation import GenerationFiles, inputs_unit, open_or_create
from schemas.dataset import DATASET_FILE
from schemas.manifest import ManifestRow, Reason, Status

pytestmark = pytest.mark.usefixtures("ray_here")

Pagemill = Callable[..., tuple[int, str, str]]


def test_any_number_of_workers_makes_the_same_bytes(documents: Path, pages: str, tmp_path: Path) -> None:
    """The same as without Ray, too, but for the environment that is recorded."""
    for workers in (1, 2):
        info = ingest(str(tmp_path / str(workers)), CONFIG, IngestJob(inputs=[str(documents)], workers=workers))
        assert (info.totals.ok, info.totals.rejected) == (12, 0)
        assert info.generations[0].environment["pyarrow"]
    assert hashes_of(tmp_path / "1") == hashes_of(tmp_path / "2")
    assert hashes_of(tmp_path / "1", without=DATASET_FILE) == hashes_of(pages, without=DATASET_FILE)


def test_the_same_command_again_does_nothing_and_a_new_file_adds_a_generation(
    copies: Path, documents: Path, tmp_path: Path, pagemill: Pagemill
) -> None:
    out = tmp_path / "pages"
    assert pagemill("ingest", copies, "--out", out, *OPTIONS)[0] == 0
    first = files_of(out)
    begun = time.monotonic()
    code, text, _ = pagemill("ingest", copies, "--out", out, *OPTIONS)
    assert time.monotonic() - begun < 20
    assert code == 0
    assert f"{out}: 6 pages, " in text
    assert "1 generation(s)" in text
    assert files_of(out) == first
    new = sorted(documents.iterdir())[12]
    shutil.copy2(new, copies / "aa.pdf")  # sorts before all others
    lock(copies / "locked.pdf")
    shutil.copy2(new, copies / "again.pdf")
    code, text, _ = pagemill("ingest", copies, "--out", out, *OPTIONS)
    assert code == 0
    assert "2 generation(s)" in text
    assert "not used: encrypted 1, same-file 1" in text
    second = files_of(out)
    assert {name: second[name] for name in first if name != DATASET_FILE} == {
        name: value for name, value in first.items() if name != DATASET_FILE
    }
    assert {name.split("/")[0] for name in second.keys() - first.keys()} == {"gen-0001"}
    assert Dataset(str(out)).info.generations[1].counts.rows == 3
    shutil.rmtree(copies)
    copies.mkdir()
    shutil.copy2(new, copies / "aa.pdf")  # inputs that are gone take nothing away
    assert pagemill("ingest", copies, "--out", out, *OPTIONS)[0] == 0
    assert files_of(out) == second


def test_what_a_killed_run_left_is_finished_and_not_done_again(documents: Path, pages: str, tmp_path: Path) -> None:
    """Begun, one of three units done, another one's shard there without its marker."""
    out = Path(shutil.copytree(pages, tmp_path / "pages"))
    info = json.loads((out / DATASET_FILE).read_bytes())
    empty = {"ok": 0, "rejected": 0, "duplicate": 0, "words": 0, "routes": {}, "reasons": {}}
    digest = hashlib.sha256(b"[]").hexdigest()
    (out / DATASET_FILE).write_text(json.dumps({**info, "generations": [], "totals": empty, "digest": digest}))
    for unit in ("000001", "000002"):
        (out / "gen-0000" / "units" / f"{unit}.json").unlink()
    (out / "gen-0000" / "pages-000002.tar").unlink()
    before = files_of(out)
    made = ingest(str(out), CONFIG, IngestJob(inputs=[str(documents)], workers=2))
    assert made.totals.ok == 12
    assert hashes_of(out, without=DATASET_FILE) == hashes_of(pages, without=DATASET_FILE)
    for name, value in files_of(out).items():
        if "000000" in name:
            assert value == before[name]


def test_a_begun_generation_is_finished_before_new_inputs_are_planned(
    copies: Path, documents: Path, tmp_path: Path
) -> None:
    out = tmp_path / "pages"
    expected = hashes_of(ingested(copies, tmp_path / "expected"), without=DATASET_FILE)
    _begin(copies, out)
    shutil.copy2(sorted(documents.iterdir())[12], copies / "later.pdf")
    info = ingest(str(out), CONFIG, IngestJob(inputs=[str(copies)], workers=2))
    assert [g.counts.ok for g in info.generations] == [6, 1]
    found = hashes_of(out, without=DATASET_FILE)
    assert {name: value for name, value in found.items() if name.startswith("gen-0000/")} == expected


def test_what_was_begun_with_inputs_that_are_gone_can_be_finished(copies: Path, tmp_path: Path) -> None:
    out = tmp_path / "pages"
    _begin(copies, out)
    shutil.rmtree(copies)
    with pytest.raises(ValueError, match=r"no such file or folder: .*gen-0000 was begun .* 1 of .* --retry-rejected"):
        ingest(str(out), CONFIG, IngestJob(inputs=[str(copies)], workers=1))
    info = ingest(str(out), CONFIG, IngestJob(retry_rejected=True, workers=1))
    planned = GenerationFiles(Store(str(out)), "gen-0000").read_plan()
    assert planned is not None
    assert info.generations[0].counts.ok == planned.unit_rows, "the unit that was done"
    assert info.totals.reasons == {Reason.UNREADABLE: planned.rows - planned.unit_rows}


def _begin(inputs: Path, out: Path) -> None:
    """A run that was killed right after its first unit."""
    whole = ingested(inputs, out.with_name("whole"))
    store = Store(str(out))
    open_or_create(store, "pages", CONFIG.stored())
    (out / "gen-0000").mkdir()
    for name in ("plan.json", "listing.json"):
        shutil.copy2(whole / "gen-0000" / name, out / "gen-0000" / name)
    for name in ("listing", "probes", "plan"):
        shutil.copytree(whole / "gen-0000" / name, out / "gen-0000" / name)
    worker = IngestWorker(store.url, "gen-0000", CONFIG)
    worker.run(0, lambda: None)
    worker.close()


def test_decisions_of_a_run_that_was_killed_while_planning_do_not_stay(copies: Path, tmp_path: Path) -> None:
    """It had decided on a locked file that is gone when the command is given again."""
    out = tmp_path / "pages"
    store = Store(str(out))
    open_or_create(store, "pages", CONFIG.stored())
    row = ManifestRow(uri="/gone.pdf", status=Status.REJECTED, reason=Reason.ENCRYPTED, generation="gen-0000")
    GenerationFiles(store, "gen-0000").write_unit(inputs_unit(0), [row])
    info = ingest(str(out), CONFIG, IngestJob(inputs=[str(copies)], workers=2))
    assert (info.totals.ok, info.totals.rejected) == (6, 0)


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by the number of inputs whenever some of them are to be opened."""
    asked: list[int] = []

    def counting(rows: list[dict[str, Any]], *more: Any) -> Any:
        asked.append(len(rows))
        return task.remote(rows, *more)

    task = probing._probe_chunk
    monkeypatch.setattr(probing, "_probe_chunk", SimpleNamespace(remote=counting))
    monkeypatch.setattr("jobs.cluster.probing._CHUNK", 2)
    monkeypatch.setattr("pipeline.ingest.inputs.PART_INPUTS", 4)
    monkeypatch.setattr("jobs.cluster.ingest.PART_INPUTS", 4)
    return asked


def test_a_run_that_was_killed_while_it_looked_opens_the_rest_to_the_same_bytes(
    documents: Path, tmp_path: Path, looked: list[int]
) -> None:
    """Twelve inputs in three parts: the second was opened, and nothing was planned."""
    job = IngestJob(inputs=[str(documents)], workers=2)
    whole, out = tmp_path / "whole", tmp_path / "pages"
    ingest(str(whole), CONFIG, job)
    assert looked == [2] * 6
    looked.clear()
    open_or_create(Store(str(out)), "pages", CONFIG.stored())
    shutil.copytree(whole / "gen-0000" / "listing", out / "gen-0000" / "listing")
    (out / "gen-0000" / "probes").mkdir()
    for name in ("listing.json", "probes/part-000001.parquet"):
        shutil.copy2(whole / "gen-0000" / name, out / "gen-0000" / name)
    ingest(str(out), CONFIG, job)
    assert looked == [2] * 4
    assert hashes_of(out) == hashes_of(whole)
    assert lint(str(out)) == []


def test_a_complete_dataset_is_recognised_without_opening_an_input(
    copies: Path, tmp_path: Path, looked: list[int]
) -> None:
    out = tmp_path / "pages"
    job = IngestJob(inputs=[str(copies)], workers=2)
    info = ingest(str(out), CONFIG, job)
    assert sum(looked) == 6
    before = files_of(out)
    looked.clear()
    assert ingest(str(out), CONFIG, job) == info
    assert looked == []
    touched = sorted(copies.glob("*.pdf"))[2]
    touched.touch()
    assert ingest(str(out), CONFIG, job) == info
    assert looked == [1]
    assert files_of(out) == before


def test_rejected_inputs_are_tried_again_with_a_password(
    copies: Path, tmp_path: Path, pagemill: Pagemill, looked: list[int]
) -> None:
    lock(copies / "locked.pdf")
    out = tmp_path / "pages"
    command = ("ingest", copies, "--out", out, *OPTIONS)
    assert "1 rejected" in pagemill(*command)[1]
    looked.clear()
    assert "1 rejected" in pagemill(*command, "--retry-rejected")[1]
    (tmp_path / "passwords").write_text("wrong\nsecret\n")
    retry = ("ingest", "--out", out, *OPTIONS, "--retry-rejected", "--password-file", tmp_path / "passwords")
    code, text, err = pagemill(*retry)
    assert (code, looked) == (0, [1, 1])
    assert "7 pages, " in text, err
    assert "0 rejected, 0 duplicate" in text
    assert "3 generation(s)" in text
    assert "secret" not in text + err
    assert not any(b"secret" in path.read_bytes() for path in out.rglob("*") if path.is_file())
    before = files_of(out)
    assert pagemill(*retry)[0] == 0
    assert files_of(out) == before, "nothing is left to be tried"
    assert lint(str(out)) == []
    assert collect(Dataset(str(out))).status == {"ok": 7}, "what was tried again counts once"


def test_a_retry_that_was_cut_off_is_finished_and_not_followed_by_another(copies: Path, tmp_path: Path) -> None:
    """As much is there in the end as if nothing had cut it off, though its file is still locked."""
    lock(copies / "locked.pdf")
    whole, out = tmp_path / "whole", tmp_path / "pages"
    ingest(str(whole), CONFIG, IngestJob(inputs=[str(copies)], workers=2))
    shutil.copytree(whole, out)
    again = IngestJob(retry_rejected=True, workers=2)
    ingest(str(whole), CONFIG, again)
    (out / "gen-0001").mkdir()
    shutil.copytree(whole / "gen-0001" / "listing", out / "gen-0001" / "listing")
    shutil.copy2(whole / "gen-0001" / "listing.json", out / "gen-0001" / "listing.json")
    info = ingest(str(out), CONFIG, again)
    assert [g.name for g in info.generations] == ["gen-0000", "gen-0001"]
    assert hashes_of(out) == hashes_of(whole)


def test_too_many_rejected_rows_stop_the_run_and_more_of_them_allowed_go_on(
    copies: Path, tmp_path: Path, pagemill: Pagemill
) -> None:
    lock(copies / "locked.pdf")
    whole, out = tmp_path / "whole", tmp_path / "pages"
    ingest(str(whole), CONFIG, IngestJob(inputs=[str(copies)], workers=2))
    command = ("ingest", copies, "--out", out, *OPTIONS, "--max-rejected")
    code, text, err = pagemill(*command, 0.1)
    assert (code, text) == (1, "")
    last = err.splitlines()[-1]
    assert last.startswith("error: 1 of 7 rows are rejected (encrypted 1), more than --max-rejected 0.1")
    assert Dataset(str(out)).info.generations == []
    assert pagemill(*command, 0.1)[0] == 1
    assert pagemill(*command, 0.2)[0] == 0
    assert hashes_of(out) == hashes_of(whole)


def test_a_locked_file_alone_is_recorded(tmp_path: Path, pagemill: Pagemill) -> None:
    lock(tmp_path / "locked.pdf")
    command = ("ingest", tmp_path / "locked.pdf", "--out", tmp_path / "pages", *OPTIONS)
    for _ in range(2):
        code, out, err = pagemill(*command)
        assert (code, "Traceback" in err) == (0, False)
        assert "0 pages, 0 words, 1 rejected" in out
        assert "not used: encrypted 1" in out
    assert pagemill(*command, "--strict")[0] == 1
    (row,) = Dataset(str(tmp_path / "pages")).manifest("gen-0000").to_pylist()
    assert (row["status"], row["reason"], row["page"]) == ("rejected", "encrypted", None)
    # And the commands that follow say that there is nothing, each in a line.
    code, _, err = pagemill("tokenizer", tmp_path / "pages", "--out", tmp_path / "t.json")
    assert (code, err.splitlines()[-1]) == (2, "error: no words to learn a vocabulary from")


def test_a_second_command_on_a_dataset_is_refused_and_touches_nothing(
    documents: Path, tmp_path: Path, pagemill: Pagemill
) -> None:
    out = tmp_path / "pages"
    open_or_create(Store(str(out)), "pages", CONFIG.stored())
    before = files_of(out)
    with alone(Store(str(out))):
        code, _, said = pagemill("ingest", documents, "--out", out, *OPTIONS)
    assert code == 1
    assert "another command is at work on" in said
    assert files_of(out) == before
    assert pagemill("ingest", documents, "--out", out, *OPTIONS)[0] == 0


def test_add_keeps_the_options_that_the_dataset_was_made_with(
    copies: Path, documents: Path, tmp_path: Path, pagemill: Pagemill
) -> None:
    """What `add` makes is what the whole command again would have made."""
    added, again = tmp_path / "added", tmp_path / "again"
    for out in (added, again):
        assert pagemill("ingest", copies, "--out", out, *OPTIONS)[0] == 0
    shutil.copy2(sorted(documents.iterdir())[12], copies / "later.pdf")
    code, text, _ = pagemill("dataset", "add", added, copies, "--workers", 2)
    assert (code, "2 generation(s)" in text) == (0, True)
    assert pagemill("ingest", copies, "--out", again, *OPTIONS)[0] == 0
    assert hashes_of(added) == hashes_of(again)
    code, _, err = pagemill("dataset", "add", tmp_path / "absent", copies)
    assert (code, err.splitlines()[-1][:20]) == (2, "error: no dataset at")
