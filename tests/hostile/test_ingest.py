"""Everything hostile at once through the program: it ends well, nothing is lost, and no process grows."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil
import pytest
from support.processes import kill_tree

from jobs.inspect.lint import lint
from pipeline.shards.dataset import Dataset
from schemas.manifest import Status

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.fault, pytest.mark.timeout(1500)]


@dataclass
class Run:
    """How the program ended, and the largest resident size of each kind of process in MiB."""

    code: int = -1
    log: str = ""
    peaks: dict[str, int] = field(default_factory=dict)


def _kind(process: psutil.Process, driver: int) -> str | None:
    if process.pid == driver:
        return "driver"
    line = " ".join(process.cmdline())
    for mark, kind in (("pages.child", "pages"), ("ocr.child", "ocr"), ("ray::", "worker")):
        if mark in line:
            return kind
    return None


def _watch(program: psutil.Popen, run: Run) -> None:
    while program.poll() is None:
        for process in [program, *program.children(recursive=True)]:
            try:
                kind = _kind(process, program.pid)
                size = process.memory_info().rss >> 20
            except psutil.Error:
                continue
            if kind is not None:
                run.peaks[kind] = max(run.peaks.get(kind, 0), size)
        time.sleep(0.2)


def ingest(out: Path, *arguments: object) -> Run:
    """`python -m jobs.ingest ... --out OUT`, watched."""
    run = Run()
    command = [sys.executable, "-m", "jobs.ingest", *map(str, arguments), "--out", str(out), "--workers", "2"]
    log = out.with_suffix(".log")
    with log.open("wb") as sink:
        program = psutil.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        try:
            _watch(program, run)
        finally:
            kill_tree(program)
    run.code, run.log = program.wait(), log.read_text(errors="replace")[-4000:]
    return run


def outcomes(out: Path) -> dict[str, set[str]]:
    """For each input by its name: what became of its pages."""
    found: dict[str, set[str]] = {}
    dataset = Dataset(str(out))
    for generation in dataset.info.generations:
        for row in dataset.manifest(generation.name).to_pylist():
            became = row["reason"] if row["status"] != Status.OK else "ok"
            found.setdefault(row["uri"].rsplit("/", 1)[-1], set()).add(became)
    return found


def assert_sound(run: Run, out: Path) -> None:
    """It ended well, all is accounted for, and what holds the run together stayed small."""
    assert run.code == 0, run.log
    assert lint(str(out)) == []
    totals = Dataset(str(out)).info.totals
    assert totals.ok > 0
    assert sum(totals.reasons.values()) == totals.rejected + totals.duplicate
    assert run.peaks["driver"] < 700, run.peaks
    assert run.peaks["worker"] < 700, run.peaks


@contextmanager
def changing(path: Path, versions: list[bytes]) -> Iterator[None]:
    """`path` is another file again and again, written in place and by renaming."""
    done = threading.Event()

    def work() -> None:
        turn = 0
        while not done.wait(0.05):
            turn += 1
            data = versions[turn % len(versions)]
            if turn % 3:
                other = path.with_suffix(".new")
                other.write_bytes(data)
                other.replace(path)
            else:
                path.write_bytes(data)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_everything_hostile_at_once(
    hostile: dict[str, Any], bombs: dict[str, Any], make: dict[str, ModuleType], tmp_path: Path
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    names = folder / "names"
    names.mkdir(parents=True)
    for name, file in {**hostile, **bombs}.items():
        (folder / name).write_bytes(file.data)
    taken = make["names"].write_names(names, make["pdfs"].plain())
    versions = [make["pdfs"].plain(text) for text in ("one", "two", "three and some more")]
    versions.append(versions[0][:500])
    restless = folder / "restless.pdf"
    restless.write_bytes(versions[0])
    with changing(restless, versions):
        # Hidden files of a folder are left out; whoever names one means it.
        run = ingest(out, folder, *sorted(names.glob(".*")))
    print(run.peaks)
    assert_sound(run, out)
    found = outcomes(out)
    for name, file in {**hostile, **bombs}.items():
        allowed = file.outcomes if name != "good.pdf" else {"ok", "same-file"}
        assert found.pop(name) <= allowed, name
    assert found.pop("restless.pdf") <= {
        "ok", "changed-while-reading", "damaged", "empty-file", "unreadable", "same-file", "unsupported-format",
        "page-damaged",
    }  # fmt: skip
    assert len(found) == sum(taken.values()), "each name is an input of its own"
    made = make["names"]
    for name, became in found.items():
        assert became == ({"unreadable"} if "not unicode" in name else {"ok"}), name
    assert taken[made.NAMES[0]]
    written = {path.name for path in out.rglob("*") if path.is_file()}
    assert not [name for name in written if not name.replace("-", "").replace(".", "").replace("_", "").isalnum()]
    assert not (ROOT / "owned").exists()


def test_the_real_hostile_ones(shared: Path, tmp_path: Path) -> None:
    """The folder of other projects' broken PDFs, with the passwords that are known."""
    folder, out = shared / "data/documents/hostile_pdfs", tmp_path / "out"
    passwords = tmp_path / "passwords"
    passwords.write_text("test\nasdfzxcv\nnobody-has-this-one\nopenpassword\nfoo\n")
    run = ingest(out, folder, "--password-file", passwords)
    print(run.peaks)
    assert_sound(run, out)
    found = outcomes(out)
    assert set(found) == {path.name for path in folder.iterdir()}
    assert found["sample-files_libreoffice-writer-password.pdf"] == {"ok"}
    assert found["pdfplumber_empty_0bytes.pdf"] == {"empty-file"}
    for path in tmp_path.rglob("*"):
        if path.is_file() and path != passwords:
            assert b"nobody-has-this-one" not in path.read_bytes(), path
