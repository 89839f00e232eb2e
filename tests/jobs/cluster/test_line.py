"""The line on Ray: ingest, tokenizer, prepare, pretrain; resumed, extended, and the same whatever did the work."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from jobs.cluster.ingest import ingest
from jobs.cluster.prepare import prepare
from jobs.cluster.pretrain import pretrain
from jobs.train.config import OptimConfig, RunConfig, settle
from jobs.train.log import METRICS_FILE, read_metrics
from pipeline.ingest import IngestConfig, IngestWorker
from pipeline.prepare import PrepareConfig, load_tokenizer
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store
from pipeline.shards.generation import INPUTS_UNIT, GenerationFiles, open_or_create
from pipeline.stream import PretrainStream
from pipeline.stream.loader import make_spec
from pipeline.words import PdfText, RouteConfig
from schemas.dataset import DATASET_FILE
from schemas.manifest import ManifestRow, Reason, Status
from schemas.stream import Objectives

pytestmark = pytest.mark.usefixtures("ray_here")

Pagemill = Callable[..., tuple[int, str, str]]
CONFIG = IngestConfig(route=RouteConfig(pdf_text=PdfText.ALWAYS), pages_per_shard=4, picture_longest=300)
OPTIONS = ("--pdf-text", "always", "--pages-per-shard", 4, "--picture-longest", 300, "--workers", 2)


def _files(folder: str | Path) -> dict[str, tuple[str, int]]:
    """Hash and modification time of everything."""
    root = Path(folder)
    return {
        str(path.relative_to(root)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def _hashes(folder: str | Path, *, without: str = "") -> dict[str, str]:
    return {name: value for name, (value, _) in _files(folder).items() if name != without}


def _locked(path: Path) -> Path:
    canvas = Canvas(str(path), encrypt="secret")
    canvas.drawString(72, 700, "nobody reads this")
    canvas.save()
    return path


@pytest.fixture
def copies(documents: Path, tmp_path: Path) -> Path:
    """A folder with the first six documents, to be added to."""
    folder = tmp_path / "documents"
    folder.mkdir()
    for path in sorted(documents.iterdir())[:12]:  # each beside its truth
        shutil.copy2(path, folder)
    return folder


def test_any_number_of_workers_makes_the_same_bytes(documents: Path, pages: str, tmp_path: Path) -> None:
    """The same as without Ray, too, but for the environment that is recorded."""
    for workers in (1, 2):
        info = ingest([str(documents)], str(tmp_path / str(workers)), CONFIG, workers)
        assert (info.totals.ok, info.totals.rejected) == (12, 0)
        assert info.generations[0].environment["pyarrow"]
    assert _hashes(tmp_path / "1") == _hashes(tmp_path / "2")
    assert _hashes(tmp_path / "1", without=DATASET_FILE) == _hashes(pages, without=DATASET_FILE)


def test_the_same_command_again_does_nothing_and_a_new_file_adds_a_generation(
    copies: Path, documents: Path, tmp_path: Path, pagemill: Pagemill
) -> None:
    out = tmp_path / "pages"
    assert pagemill("ingest", copies, "--out", out, *OPTIONS)[0] == 0
    first = _files(out)
    begun = time.monotonic()
    code, text, _ = pagemill("ingest", copies, "--out", out, *OPTIONS)
    assert time.monotonic() - begun < 20
    assert code == 0
    assert f"{out}: 6 pages, " in text
    assert "1 generation(s)" in text
    assert _files(out) == first
    new = sorted(documents.iterdir())[12]
    shutil.copy2(new, copies / "aa.pdf")  # sorts before all others
    _locked(copies / "locked.pdf")
    shutil.copy2(new, copies / "again.pdf")
    code, text, _ = pagemill("ingest", copies, "--out", out, *OPTIONS)
    assert code == 0
    assert "2 generation(s)" in text
    assert "not used: encrypted 1, same-file 1" in text
    second = _files(out)
    assert {name: second[name] for name in first if name != DATASET_FILE} == {
        name: value for name, value in first.items() if name != DATASET_FILE
    }
    assert {name.split("/")[0] for name in second.keys() - first.keys()} == {"gen-0001"}
    assert Dataset(str(out)).info.generations[1].counts.rows == 3
    shutil.rmtree(copies)
    copies.mkdir()
    shutil.copy2(new, copies / "aa.pdf")  # inputs that are gone take nothing away
    assert pagemill("ingest", copies, "--out", out, *OPTIONS)[0] == 0
    assert _files(out) == second


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
    before = _files(out)
    made = ingest([str(documents)], str(out), CONFIG, 2)
    assert made.totals.ok == 12
    assert _hashes(out, without=DATASET_FILE) == _hashes(pages, without=DATASET_FILE)
    for name, value in _files(out).items():
        if "000000" in name:
            assert value == before[name]


def test_a_begun_generation_is_finished_before_new_inputs_are_planned(
    copies: Path, documents: Path, tmp_path: Path
) -> None:
    out = tmp_path / "pages"
    expected = _hashes(_ingested(copies, tmp_path / "expected"), without=DATASET_FILE)
    _begin(copies, out)
    shutil.copy2(sorted(documents.iterdir())[12], copies / "later.pdf")
    info = ingest([str(copies)], str(out), CONFIG, 2)
    assert [g.counts.ok for g in info.generations] == [6, 1]
    found = _hashes(out, without=DATASET_FILE)
    assert {name: value for name, value in found.items() if name.startswith("gen-0000/")} == expected


def _ingested(inputs: Path, out: Path) -> Path:
    ingest([str(inputs)], str(out), CONFIG, 2)
    return out


def _begin(inputs: Path, out: Path) -> None:
    """A run that was killed right after its first unit."""
    whole = _ingested(inputs, out.with_name("whole"))
    store = Store(str(out))
    open_or_create(store, "pages", CONFIG.stored())
    (out / "gen-0000").mkdir()
    for name in ("plan.json", "plan.parquet"):
        shutil.copy2(whole / "gen-0000" / name, out / "gen-0000" / name)
    worker = IngestWorker(store.url, "gen-0000", CONFIG)
    worker.run(0, lambda: None)
    worker._maker._sandbox.close()


def test_decisions_of_a_run_that_was_killed_while_planning_do_not_stay(copies: Path, tmp_path: Path) -> None:
    """It had decided on a locked file that is gone when the command is given again."""
    out = tmp_path / "pages"
    store = Store(str(out))
    open_or_create(store, "pages", CONFIG.stored())
    row = ManifestRow(uri="/gone.pdf", status=Status.REJECTED, reason=Reason.ENCRYPTED, generation="gen-0000")
    GenerationFiles(store, "gen-0000").write_unit(INPUTS_UNIT, [row])
    info = ingest([str(copies)], str(out), CONFIG, 2)
    assert (info.totals.ok, info.totals.rejected) == (6, 0)


def test_a_locked_file_alone_is_recorded(tmp_path: Path, pagemill: Pagemill) -> None:
    _locked(tmp_path / "locked.pdf")
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


def test_the_tokenizer_is_the_one_that_is_learnt_without_ray(
    pages: str, tokenizer: bytes, tmp_path: Path, pagemill: Pagemill
) -> None:
    out = tmp_path / "deep" / "tokenizer.json"
    code, text, _ = pagemill("tokenizer", pages, "--out", out, "--vocab-size", 600, "--workers", 2)
    assert code == 0
    assert out.read_bytes() == tokenizer
    assert text == f"{out}: 600 entries, digest {load_tokenizer(tokenizer).digest[:16]}\n"


def test_a_damaged_shard_is_one_line(pages: str, tokenizer: bytes, tmp_path: Path, pagemill: Pagemill) -> None:
    damaged = Path(shutil.copytree(pages, tmp_path / "pages"))
    (tmp_path / "tokenizer.json").write_bytes(tokenizer)
    tar = damaged / "gen-0000" / "pages-000001.tar"
    tar.write_bytes(tar.read_bytes()[:2000])
    for command in (
        ("tokenizer", damaged, "--out", tmp_path / "new.json"),
        ("prepare", damaged, "--out", tmp_path / "train", "--tokenizer", tmp_path / "tokenizer.json"),
    ):
        code, out, err = pagemill(*command, "--workers", 2)
        assert (code, out) == (1, "")
        last = err.splitlines()[-1]
        assert last.startswith("error: ")
        assert "gen-0000/pages-000001.tar" in last
        assert len(last) < 300
        assert "Traceback" not in err


def test_preparation_is_the_same_with_and_without_ray_and_goes_on(
    pages: str, train: str, tokenizer: bytes, copies: Path, tmp_path: Path
) -> None:
    digest = load_tokenizer(tokenizer).digest
    config = PrepareConfig(tokenizer=digest, variants=4, picture_size=224, tim_drop_rate=0.2)
    out = str(tmp_path / "train")
    info = prepare(Dataset(pages), out, tokenizer, config, 2)
    assert _hashes(out, without=DATASET_FILE) == _hashes(train, without=DATASET_FILE)
    before = _files(out)
    assert prepare(Dataset(pages), out, tokenizer, config, 2) == info
    assert _files(out) == before
    # Another dataset of pages is not added to it by mistake.
    other = _ingested(copies, tmp_path / "other")
    with pytest.raises(ValueError, match="no generations of it add up to"):
        prepare(Dataset(str(other)), out, tokenizer, config, 2)
    # Nor is it while a generation is begun and not finished.
    begun = str(tmp_path / "begun")
    shutil.copytree(out, begun)
    text = json.loads((tmp_path / "begun" / DATASET_FILE).read_bytes())
    empty = {"ok": 0, "rejected": 0, "duplicate": 0, "words": 0, "routes": {}, "reasons": {}}
    text.update(generations=[], totals=empty, digest=hashlib.sha256(b"[]").hexdigest())
    (tmp_path / "begun" / DATASET_FILE).write_text(json.dumps(text))
    (tmp_path / "begun" / "gen-0000" / "units" / "000002.json").unlink()
    with pytest.raises(ValueError, match="no generations of it add up to"):
        prepare(Dataset(str(other)), begun, tokenizer, config, 2)
    assert prepare(Dataset(pages), begun, tokenizer, config, 2) == info
    assert _hashes(begun) == _hashes(out)


def test_new_pages_become_a_new_generation_of_samples(
    copies: Path, documents: Path, tokenizer: bytes, tmp_path: Path
) -> None:
    pages = _ingested(copies, tmp_path / "pages")
    config = PrepareConfig(tokenizer=load_tokenizer(tokenizer).digest, picture_size=224, tim_replace_rate=0.0)
    out = str(tmp_path / "train")
    prepare(Dataset(str(pages)), out, tokenizer, config, 2)
    before = _files(out)
    for path in sorted(documents.iterdir())[12:16]:
        shutil.copy2(path, copies)
    _ingested(copies, pages)
    info = prepare(Dataset(str(pages)), out, tokenizer, config, 2)
    assert [g.counts.ok for g in info.generations] == [6, 2]
    after = _files(out)
    assert all(after[name] == value for name, value in before.items() if name != DATASET_FILE)


@pytest.fixture(scope="module")
def trained(train: str, ray_here: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six steps with two workers of Ray Train."""
    run = tmp_path_factory.mktemp("trained") / "run"
    spec = make_spec(train, 2, 4).model_copy(update={"objectives": Objectives(max_tokens=46)})
    optim = OptimConfig(learning_rate=1e-3)
    config = RunConfig(train=train, preset="tiny", steps=6, seed=2, stream=spec, optim=optim, checkpoint_every=4)
    settle(run, config)
    pretrain(run, config, 2)
    return run


def test_ranks_of_ray_train_read_what_replay_says(trained: Path) -> None:
    config = RunConfig.from_json((trained / "run.json").read_bytes())
    for rank in (0, 1):
        stream = PretrainStream(config.train, config.stream, rank, 2)
        lines = (trained / "samples" / f"rank-{rank:05d}.jsonl").read_text().splitlines()
        expected = [{"step": step, "positions": p, "keys": k} for step in range(6) for p, k in [stream.plan(step)]]
        assert [json.loads(line) for line in lines] == expected
    assert [values["step"] for values in read_metrics(trained)] == list(range(6))
    assert sorted(path.name for path in (trained / "checkpoints").iterdir()) == ["step-00000004", "step-00000006"]


def test_a_run_with_more_workers_than_cpus_is_refused(trained: Path, ray_here: int, tmp_path: Path) -> None:
    """Ray would wait for them without a word."""
    config = RunConfig.from_json((trained / "run.json").read_bytes())
    before = (trained / METRICS_FILE).read_bytes()
    with pytest.raises(ValueError, match=f"{ray_here + 2} workers need a CPU each, and there are {ray_here}"):
        pretrain(trained, config, ray_here + 2)
    with pytest.raises(ValueError, match="2 workers need a GPU each, and there are 0"):
        pretrain(trained, config, 2, gpu=True)
    assert (trained / METRICS_FILE).read_bytes() == before


def test_a_run_that_fails_says_why_in_a_line(
    trained: Path, train: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = Path(shutil.copytree(train, tmp_path / "train"))
    for tar in damaged.glob("gen-0000/*.tar"):
        tar.write_bytes(tar.read_bytes()[:1024])
    config = RunConfig.from_json((trained / "run.json").read_bytes()).model_copy(update={"train": str(damaged)})
    settle(tmp_path / "run", config)
    monkeypatch.setattr("jobs.cluster.pretrain._MAX_FAILURES", 0)
    with pytest.raises(RuntimeError, match=r"^training failed: .*gen-0000/train-00000[0-9]\.tar") as failed:
        pretrain(tmp_path / "run", config, 1)
    assert "\n" not in str(failed.value)
    assert len(str(failed.value)) < 500
