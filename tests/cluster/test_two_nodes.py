"""The jobs on a real cluster: what the nodes have is what the job brought, and the bytes are those of a laptop."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from jobs.inspect.lint import lint
from jobs.train.log import read_metrics
from pipeline.synth import Spec, make, save

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]  # minutes where others use the machine, too

ROOT = Path(__file__).resolve().parents[2]
INGEST = ("python", "-m", "jobs.ingest")
PREPARE = ("python", "-m", "jobs.prepare")
NEVER_UPLOADED = {".venv", ".git", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"}


def _everywhere(cluster: Any) -> set[str]:
    return set(cluster.alive().values())


def _sums(dataset: Path) -> dict[str, str]:
    """Hashes of the shards and their indexes."""
    files = [path for path in dataset.glob("gen-*/*-0*") if path.suffix in {".tar", ".parquet"}]
    assert files
    return {str(path.relative_to(dataset)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _here(*command: object) -> str:
    """The same command on this machine, on a Ray of its own."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")} | {"OMP_NUM_THREADS": "1"}
    python = [sys.executable, *map(str, command[1:])]
    return subprocess.run(python, cwd=ROOT, env=env, check=True, capture_output=True, text=True, timeout=280).stdout


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six documents of nine pages, the slow ones last, and a file that is none."""
    folder = tmp_path_factory.mktemp("documents")
    kinds = [("report", "digital", 3), ("invoice", "digital", 1), ("letter", "digital", 1), ("paper2", "digital", 2)]
    kinds += [("form", "png", 1), ("letter", "jpeg", 1)]
    for index, (document_type, variant, pages) in enumerate(kinds):
        spec = Spec(index=index, seed=7, document_type=document_type, variant=variant, pages=pages)
        save(folder, make(spec))
    (folder / "0003-broken.pdf").write_bytes(b"%PDF-1.7 and no more")
    return folder


@pytest.fixture(scope="module")
def pages(cluster: Any, documents: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """Pages that the cluster made of them, and the job that did."""
    out = tmp_path_factory.mktemp("cluster") / "pages"
    job = cluster.submit(*INGEST, documents, "--out", out, "--pages-per-shard", 2, "--workers", 2)
    assert job.code == 0, job.output
    return out, job


@pytest.fixture(scope="module")
def laptop_pages(documents: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages that one worker made of them outside the cluster."""
    out = tmp_path_factory.mktemp("laptop") / "pages"
    _here(*INGEST, documents, "--out", out, "--pages-per-shard", 2, "--workers", 1)
    return out


@pytest.fixture(scope="module")
def prepared(cluster: Any, pages: tuple[Path, Any], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """Training shards that the cluster made, with its own tokenizer beside them, and the job that made the shards."""
    folder = tmp_path_factory.mktemp("prepared")
    tokenizer, train = folder / "tokenizer.json", folder / "train"
    made = cluster.submit("python", "-m", "jobs.tokenizer", pages[0], "--out", tokenizer, "--vocab-size", 400)
    assert made.code == 0, made.output
    job = cluster.submit(*PREPARE, pages[0], "--tokenizer", tokenizer, "--out", train, "--workers", 2)
    assert job.code == 0, job.output
    return train, job


def test_nodes_have_no_checkout(cluster: Any) -> None:
    env = cluster.env() | {"RAY_ADDRESS": cluster.address}
    alone = subprocess.run(
        [cluster.python, "-c", "import ray, pypdfium2, pipeline"],
        cwd=cluster.folder, env=env, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert "ModuleNotFoundError: No module named 'pipeline'" in alone.stderr
    asked = subprocess.run(
        [cluster.python, ROOT / "tests/cluster/where.py"],
        cwd=cluster.folder, env=env, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    answers = json.loads(asked.stdout.splitlines()[-1])
    assert set(answers) == _everywhere(cluster)
    assert [answer["pipeline"] for answer in answers.values()] == [None, None]
    assert len({answer["cwd"] for answer in answers.values()}) == 2


def test_job_brings_the_project(cluster: Any) -> None:
    job = cluster.submit("python", "tests/cluster/where.py")
    assert job.code == 0, job.output
    answers = json.loads(next(line for line in job.output.splitlines() if line.startswith("{")))
    brought = [Path(answer["pipeline"]).parents[1] for answer in answers.values()]
    assert set(answers) == _everywhere(cluster)
    assert len(set(brought)) == 2, "each node unpacks its own copy"
    for root in brought:
        assert root.is_relative_to(cluster.folder)
        files = [path for path in root.rglob("*") if path.is_file()]
        assert (root / "jobs/ingest.py").is_file()
        assert not {part for path in files for part in path.relative_to(root).parts} & NEVER_UPLOADED
        assert not any("egg-info" in str(path) for path in files), ".gitignore is heeded"
        assert sum(path.stat().st_size for path in files) < 20e6


def test_strangers_are_refused(cluster: Any, tmp_path: Path) -> None:
    for path in ("/api/jobs/", "/api/v0/nodes"):
        with pytest.raises(HTTPError, match="401"):
            cluster.get(path, token=False)
    touched = tmp_path / "touched"
    command = ["ray", "job", "submit", "--address", cluster.dashboard, "--", "touch", str(touched)]
    env = cluster.env() | {"RAY_AUTH_TOKEN_PATH": str(tmp_path / "other")}
    (tmp_path / "other").write_text("0" * 64)
    refused = subprocess.run(
        [str(Path(sys.executable).with_name("ray")), *command[1:]],
        cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert refused.returncode != 0
    assert "authentication" in (refused.stdout + refused.stderr).lower()
    assert not touched.exists()


def test_ingest_is_shared_and_whole(cluster: Any, pages: tuple[Path, Any]) -> None:
    out, job = pages
    assert cluster.worked(job) == _everywhere(cluster)
    assert lint(str(out)) == []
    totals = json.loads((out / "dataset.json").read_text())["totals"]
    assert (totals["ok"], totals["rejected"]) == (9, 1)
    assert totals["routes"].keys() == {"text-layer", "ocr"}


def test_ingest_gives_the_bytes_of_a_laptop(pages: tuple[Path, Any], laptop_pages: Path) -> None:
    sums = _sums(pages[0])
    assert len(sums) == 2 * 5, "a shard and its index for every two pages"
    assert sums == _sums(laptop_pages)
    digests = [json.loads((out / "dataset.json").read_text())["digest"] for out in (pages[0], laptop_pages)]
    assert digests[0] == digests[1]


def test_the_same_command_goes_on_where_a_stopped_job_was(
    cluster: Any, documents: Path, laptop_pages: Path, tmp_path: Path
) -> None:
    out = tmp_path / "pages"
    command = (*INGEST, documents, "--out", out, "--pages-per-shard", 2, "--workers", 2)
    stopped = cluster.submit(*command, wait=False)
    markers = out / "gen-0000/units"
    deadline = time.monotonic() + 200
    while not list(markers.glob("0*.json")):
        assert time.monotonic() < deadline, cluster.get(f"/api/jobs/{stopped.id}")
        time.sleep(0.1)
    assert cluster.stop_job(stopped.id) == "STOPPED"
    assert not (out / "dataset.json").exists() or not json.loads((out / "dataset.json").read_text())["generations"]
    before = {path: path.stat().st_mtime_ns for path in markers.glob("0*.json")}
    resumed = cluster.submit(*command)
    assert resumed.code == 0, resumed.output
    assert {path: path.stat().st_mtime_ns for path in before} == before, "a finished unit was done again"
    assert _sums(out) == _sums(laptop_pages)
    assert lint(str(out)) == []


def test_a_laptop_can_drive_the_cluster(cluster: Any, documents: Path, tmp_path: Path) -> None:
    """`--address` instead of `ray job submit`: the driver is here, the work is there."""
    out = tmp_path / "pages"
    paper = next(documents.glob("*paper2*.pdf"))
    command = [sys.executable, "-m", "jobs.ingest", str(paper), "--out", str(out)]
    done = subprocess.run(
        [*command, "--pages-per-shard", "1", "--address", cluster.address],
        cwd=ROOT, env=cluster.env(), capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "2 pages" in done.stdout
    assert lint(str(out)) == []


def test_prepare_is_shared_and_gives_the_bytes_of_a_laptop(
    cluster: Any, pages: tuple[Path, Any], prepared: tuple[Path, Any], tmp_path: Path
) -> None:
    train, job = prepared
    assert cluster.worked(job) == _everywhere(cluster)
    assert lint(str(train)) == []
    tokenizer = train.with_name("tokenizer.json")
    _here(*PREPARE, pages[0], "--tokenizer", tokenizer, "--out", tmp_path / "train", "--workers", 1)
    assert _sums(train) == _sums(tmp_path / "train")


def test_pretrain_spreads_its_ranks_and_resumes(cluster: Any, prepared: tuple[Path, Any], tmp_path: Path) -> None:
    run = tmp_path / "run"
    options = ("--config", "tiny", "--workers", 2, "--global-batch", 4, "--steps", 2, "--checkpoint-every", 2)
    command = ("python", "-m", "jobs.pretrain", prepared[0], "--out", run, *options)
    trained = cluster.submit(*command)
    assert trained.code == 0, trained.output
    assert cluster.worked(trained) == _everywhere(cluster)
    metrics = read_metrics(run)
    assert len(metrics) == 2
    assert all(step[name] > 0 for step in metrics for name in ("mvlm", "tia", "tim"))
    assert len(list(run.glob("samples/rank-*.jsonl"))) == 2
    assert list(run.glob("checkpoints/step-*/commit.json"))
    again = cluster.submit(*command)
    assert again.code == 0, again.output
    assert read_metrics(run) == metrics
