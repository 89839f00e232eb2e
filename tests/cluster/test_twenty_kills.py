"""Twenty kills at random moments, of the driver, a worker and a node in turn: the bytes are those of a quiet run."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from support.processes import kill_tree

from jobs.inspect.lint import lint
from pipeline.synth import Spec, make, save

pytestmark = [pytest.mark.cluster, pytest.mark.fault, pytest.mark.timeout(1200)]

ROOT = Path(__file__).resolve().parents[2]
KILLS, DOCUMENTS = 20, 160
TYPES = ("letter", "form", "invoice")
OPTIONS = ("--pdf-text", "always", "--pages-per-shard", 2, "--picture-longest", 300, "--workers", 2)


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Born-digital documents of a page each, two copies and one that is none among them."""
    folder = tmp_path_factory.mktemp("documents")
    for i in range(DOCUMENTS):
        save(folder, make(Spec(index=i, seed=4, document_type=TYPES[i % 3], variant="digital", pages=1)))
    for number, path in enumerate(sorted(folder.glob("*.pdf"))[5:7]):
        (folder / f"copy{number}.pdf").write_bytes(path.read_bytes())
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and no more")
    return folder


def _hashes(folder: Path) -> dict[str, str]:
    """Of all files but those that a killed process was still writing under another name."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


class Run:
    """The same command, as often as it takes."""

    def __init__(self, cluster: Any, folder: Path, documents: Path) -> None:
        self._cluster, self._log = cluster, folder / "log"
        self.out = folder / "pages"
        ingest = (sys.executable, "-m", "jobs.ingest", documents, "--out", self.out, "--address", cluster.address)
        self._command = [str(part) for part in (*ingest, *OPTIONS)]
        self.driver = self.start()

    def start(self) -> psutil.Popen:
        with self._log.open("ab") as log:
            return psutil.Popen(
                self._command, cwd=ROOT, env=self._cluster.env(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def log(self) -> str:
        return self._log.read_text(errors="replace")[-3000:]

    def units(self) -> int:
        return len(list(self.out.glob("gen-0000/units/0*.json")))

    def ends(self, seconds: float) -> int:
        return int(self.driver.wait(seconds))

    def kill_driver(self) -> None:
        kill_tree(self.driver)
        self.driver = self.start()

    def kill_worker(self) -> None:
        """One of the actors that do the units, wherever it is; the pages' child processes die with it or after it."""
        here = self._cluster.folder
        workers = [one for one in psutil.process_iter() if _is_worker(one) and _root(one).is_relative_to(here)]
        if workers:
            random.choice(workers).kill()

    def kill_node(self) -> None:
        self._cluster.kill_second()
        time.sleep(random.uniform(0, 3))
        self._cluster.start_second()


def _is_worker(process: psutil.Process) -> bool:
    try:
        return process.name().startswith("ray::_Hol") or " ".join(process.cmdline()).startswith("ray::_Holder")
    except psutil.Error:
        return False


def _root(process: psutil.Process) -> Path:
    """Where the process works; a path of nowhere if it is gone."""
    try:
        return Path(process.cwd())
    except psutil.Error:
        return Path("/nowhere")


def test_killed_at_twenty_random_moments(cluster: Any, documents: Path, tmp_path: Path) -> None:
    seed = int(os.environ.get("PAGEMILL_FAULT_SEED", time.time() // 86400))
    print(f"PAGEMILL_FAULT_SEED={seed}")
    random.seed(seed)
    quiet = tmp_path / "quiet" / "pages"
    alone = {k: v for k, v in cluster.env().items() if not k.startswith("RAY_AUTH")}
    command = [sys.executable, "-m", "jobs.ingest", str(documents), "--out", str(quiet), *map(str, OPTIONS)]
    subprocess.run(command, cwd=ROOT, env=alone, check=True, capture_output=True, timeout=300)

    run = Run(cluster, tmp_path, documents)
    kinds = [run.kill_driver, run.kill_worker, run.kill_node]
    for number in range(KILLS):
        before = run.units()
        wait = time.monotonic() + random.uniform(0.5, 6)
        while run.driver.poll() is None and time.monotonic() < wait and run.units() < before + 4:
            time.sleep(0.01)
        assert run.driver.poll() in (None, 0), f"after {number} kills: {run.log()}"
        kinds[number % len(kinds)]()
    assert run.ends(300) == 0, run.log()
    assert _hashes(run.out) == _hashes(quiet)
    assert lint(str(run.out)) == []
