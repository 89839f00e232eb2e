"""The line on Ray after ingestion: tokenizer, prepare, pretrain; the same whatever did the work."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import ray
from support.line import files_of, hashes_of, ingested

from jobs.cluster.counting import count_parts
from jobs.cluster.prepare import prepare
from jobs.cluster.pretrain import pretrain
from jobs.train.config import OptimConfig, RunConfig, settle
from jobs.train.log import METRICS_FILE, read_metrics
from pipeline.prepare import PrepareConfig, load_tokenizer
from pipeline.prepare.split import drawn_side
from pipeline.shards.alone import alone
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store
from pipeline.stream import PretrainStream, make_spec
from schemas.dataset import DATASET_FILE
from schemas.stream import Objectives

pytestmark = pytest.mark.usefixtures("ray_here")

Pagemill = Callable[..., tuple[int, str, str]]


def test_the_tokenizer_is_the_one_that_is_learnt_without_ray(
    pages: str, tokenizer: bytes, tmp_path: Path, pagemill: Pagemill
) -> None:
    out = tmp_path / "deep" / "tokenizer.json"
    code, text, _ = pagemill("tokenizer", pages, "--out", out, "--vocab-size", 600, "--workers", 2)
    assert code == 0
    assert out.read_bytes() == tokenizer
    assert text == f"{out}: 600 entries, digest {load_tokenizer(tokenizer).digest[:16]}\n"


def test_more_different_words_than_fit_are_the_most_frequent_ones_whatever_the_workers(
    pages: str, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = Dataset(pages)
    everything = count_parts(dataset, 2)
    assert capsys.readouterr().err.count("left out") == 0
    few = dict(sorted(everything.items(), key=lambda item: (-item[1], item[0]))[:50])
    for cpus in (1, 2):
        assert count_parts(dataset, cpus, most=50) == few
        assert f"note: {len(everything) - 50} rare words" in capsys.readouterr().err


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
    assert hashes_of(out, without=DATASET_FILE) == hashes_of(train, without=DATASET_FILE)
    before = files_of(out)
    assert prepare(Dataset(pages), out, tokenizer, config, 2) == info
    assert files_of(out) == before
    # Another dataset of pages is not added to it by mistake.
    other = ingested(copies, tmp_path / "other")
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
    assert hashes_of(begun) == hashes_of(out)


def test_new_pages_become_a_new_generation_of_samples(
    copies: Path, documents: Path, tokenizer: bytes, tmp_path: Path
) -> None:
    pages = ingested(copies, tmp_path / "pages")
    config = PrepareConfig(tokenizer=load_tokenizer(tokenizer).digest, picture_size=224, tim_replace_rate=0.0)
    out = str(tmp_path / "train")
    prepare(Dataset(str(pages)), out, tokenizer, config, 2)
    before = files_of(out)
    for path in sorted(documents.iterdir())[12:16]:
        shutil.copy2(path, copies)
    ingested(copies, pages)
    info = prepare(Dataset(str(pages)), out, tokenizer, config, 2)
    assert [g.counts.ok for g in info.generations] == [6, 2]
    after = files_of(out)
    assert all(after[name] == value for name, value in before.items() if name != DATASET_FILE)


def _ok(url: str) -> set[str]:
    return {row["key"] for row in Dataset(url).manifest("gen-0000").to_pylist() if row["status"] == "ok"}


def test_a_dataset_can_be_split_and_another_kept_out(
    pages: str, tokenizer: bytes, copies: Path, tmp_path: Path, pagemill: Pagemill
) -> None:
    (tmp_path / "tokenizer.json").write_bytes(tokenizer)
    kept_out = str(ingested(copies, tmp_path / "kept-out"))
    held = len({row["document"] for row in Dataset(kept_out).manifest("gen-0000").to_pylist()})
    left = {key[:16] for key in _ok(pages)} - {key[:16] for key in _ok(kept_out)}
    numbers = [int(name, 16) for name in left]
    fraction = next(f / 20 for f in range(20) if sum(drawn_side(n, f / 20) == "held-out" for n in numbers) == 3)
    found = {}
    for split in ("train", "held-out"):
        out = tmp_path / split
        options = ("--held-out", fraction, "--split", split, "--exclude", kept_out, "--tim-replace-rate", 0)
        made_with = ("--tokenizer", tmp_path / "tokenizer.json", "--epochs", 2, "--workers", 2)
        code, text, err = pagemill("prepare", pages, "--out", out, *made_with, *options)
        assert code == 0, err
        assert f"excluded {held}" in text
        info = Dataset(str(out)).info
        assert (info.config["variants"], info.config["exclude"]) == (2, [Dataset(kept_out).info.digest])
        found[split] = {key[:16] for key in _ok(str(out))}
        assert pagemill("inspect", "lint", out)[0] == 0
    assert found["train"] | found["held-out"] == left
    assert found["train"]
    assert found["held-out"]
    assert not found["train"] & found["held-out"]


def test_a_dataset_of_which_nothing_can_be_used_is_a_failed_run(
    pages: str, tokenizer: bytes, tmp_path: Path, pagemill: Pagemill
) -> None:
    (tmp_path / "tokenizer.json").write_bytes(tokenizer)
    out = tmp_path / "train"
    command = ("prepare", pages, "--out", out, "--tokenizer", tmp_path / "tokenizer.json", "--min-words", 10_000)
    code, text, err = pagemill(*command, "--workers", 2)
    assert code == 1
    assert "not used: too-few-words 12" in text
    assert err.splitlines()[-1] == f"error: no page of {pages} gave a sample: too-few-words 12"


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


@ray.remote(num_cpus=1)
class Guest:
    """Somebody else who uses a CPU."""

    def is_here(self) -> bool:
        return True


def test_a_run_whose_cpus_are_taken_ends_with_an_error(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ray would wait for them without end."""
    monkeypatch.setenv("RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S", "1")  # a minute otherwise
    guest = Guest.remote()
    assert ray.get(guest.is_here.remote())
    config = RunConfig.from_json((trained / "run.json").read_bytes())
    with pytest.raises(RuntimeError, match="training failed: .*timed out.*waiting for 2 workers"):
        pretrain(tmp_path / "run", config, 2)
    ray.kill(guest)


def test_a_run_with_more_workers_than_cpus_is_refused(trained: Path, ray_here: int, tmp_path: Path) -> None:
    """Ray would wait for them without a word."""
    config = RunConfig.from_json((trained / "run.json").read_bytes())
    before = (trained / METRICS_FILE).read_bytes()
    with pytest.raises(ValueError, match=f"{ray_here + 2} workers need a CPU each, and there are {ray_here}"):
        pretrain(trained, config, ray_here + 2)
    with pytest.raises(ValueError, match="2 workers need a GPU each, and there are 0"):
        pretrain(trained, config, 2, gpu=True)
    assert (trained / METRICS_FILE).read_bytes() == before


def test_a_run_that_another_command_trains_is_left_alone(trained: Path) -> None:
    config = RunConfig.from_json((trained / "run.json").read_bytes())
    before = (trained / METRICS_FILE).read_bytes()
    with (
        alone(Store(str(trained))),
        pytest.raises(RuntimeError, match=f"another command is at work on {trained}"),
    ):
        pretrain(trained, config, 2)
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
