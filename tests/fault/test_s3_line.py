"""The line on an S3-compatible server: killed and started again, it ends with the bytes of a local run."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from support.processes import quietly

from jobs.dataset.whole import Check
from jobs.inspect.lint import lint
from pipeline.shards.dataset import Dataset

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = ("--pdf-text", "always", "--pages-per-shard", 2, "--picture-longest", 300, "--workers", 2)


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _markers(s3: Any, url: str) -> int:
    return sum(name[0].isdigit() for name in s3.names(f"{url}/gen-0000/units"))


def _when(happens: Callable[[], bool], process: psutil.Popen, runner: Any) -> None:
    deadline = time.monotonic() + 120
    while not happens():
        assert process.poll() is None, runner.log()
        assert time.monotonic() < deadline, runner.log()
        time.sleep(0.05)


def _kill_a_worker(process: psutil.Popen) -> None:
    """One of the processes that make pages."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for one in process.children(recursive=True):
            try:
                if one.cmdline() and one.cmdline()[0].startswith("ray::_Holder"):
                    quietly(one.kill)
                    return
            except psutil.NoSuchProcess:
                continue
        time.sleep(0.05)
    raise AssertionError("no worker to kill")


@pytest.fixture(scope="module")
def inputs(s3: Any, documents: Path) -> str:
    """The documents as objects, with the truth that lies beside them."""
    url = f"{s3.bucket()}/documents"
    for path in documents.iterdir():
        s3.put(f"{url}/{path.name}", path.read_bytes())
    return url


@pytest.mark.parametrize("place", ["folder", "s3"])
def test_killed_on_s3(
    s3: Any,
    documents: Path,
    inputs: str,
    make_runner: Any,
    runner: Any,
    moments: random.Random,
    tmp_path: Path,
    place: str,
) -> None:
    source = documents if place == "folder" else inputs
    make_runner.finish("jobs.ingest", source, "--out", tmp_path / "whole", *OPTIONS)
    out = f"{s3.bucket()}/some/pages"
    command = ("jobs.ingest", source, "--out", out, *OPTIONS)
    enough = moments.randint(0, 8)
    process = runner.start(*command)
    # The driver with all that it started, as a machine that loses power.
    assert runner.kill_when(process, lambda: bool(s3.names(out)) and _markers(s3, out) >= enough), runner.log()
    process = runner.start(*command)
    before = _markers(s3, out)
    _when(lambda: _markers(s3, out) > before, process, runner)
    _kill_a_worker(process)
    assert process.wait(300) == 0, runner.log()
    assert s3.objects(out) == _files(tmp_path / "whole")
    assert s3.begun_uploads(out) == 0
    assert lint(out) == []


def _said(*arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_rest_of_the_line(s3: Any, inputs: str, runner: Any, tmp_path: Path) -> None:
    """Pages, tokenizer, training shards, merged datasets, statistics: from and to the server."""
    bucket = s3.bucket()
    for name, pattern in (("pages", "0000*"), ("more", "000*"), ("pages", "0000*")):
        before = s3.objects(f"{bucket}/{name}")
        runner.finish("jobs.ingest", f"{inputs}/{pattern}", "--out", f"{bucket}/{name}", *OPTIONS)
        assert before in ({}, s3.objects(f"{bucket}/{name}")), "the same command again, and nothing is to be done"
    runner.finish("jobs.dataset", "merge", f"{bucket}/pages", f"{bucket}/more", "--out", f"{bucket}/both")
    assert lint(f"{bucket}/both") == []
    check = Check(f"{bucket}/both")
    assert [report.findings for report in check.generations()] == [[], []]
    both, more = (Dataset(f"{bucket}/{name}").info.totals for name in ("both", "more"))
    assert both.ok == more.ok
    assert both.duplicate == Dataset(f"{bucket}/pages").info.totals.ok > 0
    tokenizer = tmp_path / "tokenizer.json"
    runner.finish("jobs.tokenizer", f"{bucket}/both", "--out", tokenizer, "--vocab-size", 300, "--workers", 2)
    train = f"{bucket}/train"
    prepare = ("jobs.prepare", f"{bucket}/both", "--tokenizer", tokenizer, "--workers", 2, "--out")
    runner.finish(*prepare, train)
    runner.finish(*prepare, tmp_path / "train")
    assert s3.objects(train) == _files(tmp_path / "train")
    assert lint(train) == []
    stats = json.loads(_said("jobs.inspect", "stats", train, "--json"))
    assert stats["status"]["ok"] == both.ok
    assert "no findings" in _said("jobs.dataset", "verify", train)
